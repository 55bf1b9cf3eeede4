"""The tiny tensor and its weights are those that the chapters print and calculate with."""

import pytest
import torch

from convattn import ChannelAttention, SqueezeExcitation
from convattn.lab.proof import worked


def test_feature_map():
    x = worked.feature_map()
    assert x.shape == (1, 2, 2, 2)
    assert x.mean(dim=(2, 3)).tolist() == [[3.0, 1.0]]
    assert x.amax(dim=(2, 3)).tolist() == [[6.0, 4.0]]


@pytest.mark.parametrize("bias", [True, False])
def test_gate_by_hand(bias):
    module = worked.set_mlp(SqueezeExcitation(2, hidden=1, bias=bias))
    # h = ReLU(0.5 * 3 - 0.5 * 1) = 1, logits 1 and -1, sigmoid(1) = 0.731059
    torch.testing.assert_close(module.gate(worked.feature_map()).flatten(), torch.tensor([0.731059, 0.268941]))


def test_wrong_size():
    with pytest.raises(ValueError, match="module must have 2 channels and 1 hidden unit, got 4 and 1"):
        worked.set_mlp(ChannelAttention(4, hidden=1))
