"""The parts around an attention module: a control and a read-out."""

import torch
from torch import nn

from convattn import SqueezeExcitation
from convattn.lab.experiments.parts import Frozen, ReadSign


def test_frozen_gate_is_the_mean_gate():
    torch.manual_seed(0)
    gate = SqueezeExcitation(4, hidden=2)
    x = torch.randn(5, 4, 3, 3)
    frozen = Frozen(gate, x)
    expected = x * sum(gate.gate(image[None]) for image in x) / 5
    torch.testing.assert_close(frozen(x), expected)
    other = torch.randn(5, 4, 3, 3)
    assert torch.equal(frozen.gate(x), frozen.gate(other))
    torch.testing.assert_close(frozen(other) / other, frozen(x) / x)  # the image has no influence


def test_the_reading_by_hand():
    x = torch.zeros(2, 8, 3, 3)
    x[0, 0, 0, 0], x[0, 1, 0, 0], x[1, 0], x[1, 1] = 1.0, -1.0, -2.0, 2.0
    x[0, 2, 1, 1] = 4.0
    read = ReadSign(nn.Identity())
    torch.testing.assert_close(read(x), torch.tensor([0.01, -0.18]))
    two = ReadSign(nn.Identity(), pairs=2)
    torch.testing.assert_close(two(x), torch.tensor([0.03, -0.18]))
