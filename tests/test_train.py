"""Training and scoring of the probe networks."""

import numpy as np
import pytest
import torch
from torch import nn

from convattn import SqueezeExcitation
from convattn.lab import probes, train


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("fixed", 8 + 1),
        ("gate", 2 * 8 * 4 + 4 + 8 + 9),  # two layers, their biases, one weight a channel and its bias
        ("zero-bias gate", 85),
        ("softmax gate", 85),
        ("wide gate", 2 * 8 * 16 + 16 + 8 + 9),
        ("local 1", 8 * 16 + 16 + 17),
        ("local 5", 8 * 25 * 16 + 16 + 17),
    ],
)
def test_sizes(kind, parameters):
    model = train.context_model(kind)
    assert sum(p.numel() for p in model.parameters()) == parameters
    assert model(torch.zeros(2, 8, 12, 12)).shape == (2, 1, 12, 12)


def test_kinds_of_gate():
    x = torch.randn(3, 8, 4, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(train.context_model("softmax gate")[0].gate(x).sum(dim=1), torch.ones(3, 1, 1))
    assert (train.context_model("zero-bias gate")[0].fc1.bias == 0).all()
    torch.manual_seed(0)
    plain = train.context_model("gate")
    torch.manual_seed(0)
    zero = train.context_model("zero-bias gate")
    assert plain[0].fc1.bias.abs().min() > 0
    torch.testing.assert_close(plain[0].fc1.weight, zero[0].fc1.weight)  # the same start otherwise


@pytest.mark.parametrize("kind", ["local", "local 2", "local x", "Gate", ""])
def test_unknown_kind(kind):
    with pytest.raises(ValueError, match=f"^kind must be .*, got '{kind}'$"):
        train.context_model(kind)


def test_accuracy_counts_signs():
    answer = torch.tensor([[[[1.0, 0.0], [1.0, 0.0]]]])
    logits = torch.tensor([[[[2.0, -1.0], [-3.0, 0.5]]]])  # right, right, wrong, wrong
    assert train.accuracy(nn.Identity(), logits, answer) == 0.5


def test_fit_finds_the_only_channel_that_matters():
    rng = np.random.default_rng(0)

    def draw():
        x, _, _ = probes.context(rng, 16)
        return x, (x[:, :1] > 0).float()  # the answer always in channel 0

    torch.manual_seed(0)
    seen = []
    model = train.fit(train.context_model("fixed"), draw, steps=100, watch=lambda m: seen.append(m.bias.item()))
    assert len(seen) == len(set(seen)) == 100  # called before each step, with the network as it is then
    assert train.accuracy(model, *draw()) == 1.0
    assert model.weight[0, :, 0, 0].abs().argmax() == 0


def test_active_share_by_hand():
    gate = SqueezeExcitation(2, hidden=3)
    with torch.no_grad():
        gate.fc1.weight.copy_(torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]))
        gate.fc1.bias.copy_(torch.tensor([0.0, 0.0, -3.0]))
    x = torch.tensor([[1.0, 1.0], [2.0, 4.0]])[:, :, None, None].expand(2, 2, 3, 3)  # means (1, 1) and (2, 4)
    # unit 0: 1, 2; unit 1: -1, -2; unit 2: 1 - 3 = -2, 4 - 3 = 1
    assert train.active_share(gate, x).tolist() == [1.0, 0.0, 0.5]


def test_frozen_gate_is_the_mean_gate():
    torch.manual_seed(0)
    gate = SqueezeExcitation(4, hidden=2)
    x = torch.randn(5, 4, 3, 3)
    frozen = train.Frozen(gate, x)
    expected = x * sum(gate.gate(image[None]) for image in x) / 5
    torch.testing.assert_close(frozen(x), expected)
    other = torch.randn(5, 4, 3, 3)
    torch.testing.assert_close(frozen(other) / other, frozen(x) / x)  # the image has no influence
