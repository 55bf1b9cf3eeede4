"""Spatial attention against the oracle, closed forms and hand computation; see checks.py for the shared ones."""

import pytest
import torch
from checks import every_check
from helpers import BAD_KERNEL, assert_refuses, bad_inputs, bad_pools, build, draw, message_of

from convattn import SpatialAttention


@every_check(SpatialAttention)
def test_shared_check(check):
    check(SpatialAttention)


@pytest.mark.parametrize(("options", "message"), [*BAD_KERNEL, *bad_pools("pools")], ids=str)
def test_bad_argument_is_named(options, message):
    assert message_of(ValueError, SpatialAttention, **options) == message


@pytest.mark.parametrize(
    ("x", "error", "message"), bad_inputs(None), ids=lambda v: "" if torch.is_tensor(v) else str(v)
)
def test_bad_input_is_named(x, error, message):
    assert_refuses(build(SpatialAttention), x, error, message)


def test_options_are_keywords_only():
    assert "positional" in message_of(TypeError, SpatialAttention, 7)


def test_parameters_of_the_worked_size():
    # 2 planes * 7 * 7 = 98 weights; batch norm of one plane adds a weight and a bias
    assert sum(p.numel() for p in SpatialAttention().parameters()) == 98 + 2
    assert sum(p.numel() for p in SpatialAttention(norm=False).parameters()) == 98


@pytest.mark.parametrize("plane", [0, 1])
def test_plane_0_is_the_average_and_plane_1_the_maximum(plane):
    # A kernel that is 1 at the centre of one plane and 0 elsewhere returns that plane.
    module, x = build(SpatialAttention, kernel_size=3, norm=False), draw((2, 6, 5, 4))
    torch.nn.init.zeros_(module.conv.weight)
    module.conv.weight.data[0, plane, 1, 1] = 1
    expected = x.mean(dim=1, keepdim=True) if plane == 0 else x.max(dim=1, keepdim=True).values
    torch.testing.assert_close(module.logits(x), expected, rtol=0, atol=1e-15)


def test_padding_is_zero():
    # All ones in kernel and map: the logit counts the taps inside, 2 planes of 4, 6 or 9.
    module = build(SpatialAttention, kernel_size=3, norm=False)
    torch.nn.init.ones_(module.conv.weight)
    expected = [[8.0, 12.0, 12.0, 8.0], [12.0, 18.0, 18.0, 12.0], [8.0, 12.0, 12.0, 8.0]]
    logits = module.logits(torch.ones(1, 5, 3, 4, dtype=torch.float64))
    assert logits[0, 0].tolist() == expected


def test_batch_norm_learns_its_statistics_in_training():
    # PyTorch documentation of BatchNorm2d: running = 0.9 running + 0.1 batch, with the unbiased variance.
    module, x = build(SpatialAttention, kernel_size=3), draw((2, 6, 5, 4))
    plain = build(SpatialAttention, kernel_size=3, norm=False)
    plain.conv.load_state_dict(module.conv.state_dict())
    z, mean, var = plain.logits(x).detach(), module.norm.running_mean.clone(), module.norm.running_var.clone()
    module.train().gate(x)
    torch.testing.assert_close(module.norm.running_mean, 0.9 * mean + 0.1 * z.mean(), rtol=0, atol=1e-14)
    torch.testing.assert_close(module.norm.running_var, 0.9 * var + 0.1 * z.var(), rtol=0, atol=1e-14)
    assert module.norm.num_batches_tracked == 1
    module.eval().gate(x)
    assert module.norm.num_batches_tracked == 1


def test_one_value_in_training_raises_the_error_of_pytorch():
    module, x = build(SpatialAttention).train(), draw((1, 6, 1, 1))
    message = message_of(ValueError, module, x)
    assert message == "Expected more than 1 value per channel when training, got input size torch.Size([1, 1, 1, 1])"
    assert module.eval()(x).shape == x.shape
    assert build(SpatialAttention, norm=False).train()(x).shape == x.shape


def test_starting_values_are_those_of_pytorch():
    # Three differences to the published code, as the docstring says: here gamma = 1, momentum = 0.1; and no conv bias.
    module = SpatialAttention()
    assert module.norm.weight.item() == 1
    assert module.norm.momentum == 0.1
    assert module.norm.running_var.item() == 1
    assert module.conv.bias is None
    assert SpatialAttention(norm=False).norm is None
