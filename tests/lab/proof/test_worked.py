"""The tiny tensor and its weights are those that the chapters print and calculate with."""

import pytest
import torch

from convattn import ChannelAttention, SpatialAttention, SqueezeExcitation
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


@pytest.mark.parametrize("kernel_size", [3, 7])
def test_window_by_hand(kernel_size):
    module = worked.set_window(SpatialAttention(kernel_size=kernel_size, norm=False))
    # means 0.5, 3, 1.5, 3; maxima 1, 4, 3, 6, of which each position takes its own less half of the others
    expected = torch.tensor([[-5.0, 2.0], [-1.0, 5.0]])
    torch.testing.assert_close(module.logits(worked.feature_map())[0, 0], expected)


def test_no_window_for_other_pools_or_batch_norm():
    for module in (SpatialAttention(), SpatialAttention(pools=("avg",), norm=False)):
        with pytest.raises(ValueError, match="module must have both pools and no batch norm, got SpatialAttention"):
            worked.set_window(module)
