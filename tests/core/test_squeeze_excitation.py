"""Squeeze-and-excitation against the oracle, closed forms and hand computation; see checks.py for the shared ones."""

import pytest
import torch
from checks import every_check
from helpers import BAD_WIDTH, assert_refuses, bad_inputs, build, draw, message_of

from convattn import SqueezeExcitation


@every_check(SqueezeExcitation)
def test_shared_check(check):
    check(SqueezeExcitation)


@pytest.mark.parametrize(("options", "message"), BAD_WIDTH, ids=str)
def test_bad_argument_is_named(options, message):
    assert message_of(ValueError, SqueezeExcitation, **options) == message


@pytest.mark.parametrize(("x", "error", "message"), bad_inputs(6), ids=lambda v: "" if torch.is_tensor(v) else str(v))
def test_bad_input_is_named(x, error, message):
    assert_refuses(build(SqueezeExcitation), x, error, message)


def test_options_are_keywords_only():
    assert SqueezeExcitation(64, 8).fc1.out_features == 8  # the reduction may stand second, as in other code
    assert "positional" in message_of(TypeError, SqueezeExcitation, 64, 16, 4)


def test_parameters_of_the_worked_size():
    # C = 256, r = 16, h = 16: 2 * 256 * 16 = 8192 weights, 16 + 256 biases
    assert sum(p.numel() for p in SqueezeExcitation(256).parameters()) == 8192 + 272
    assert sum(p.numel() for p in SqueezeExcitation(256, bias=False).parameters()) == 8192


def test_only_the_average_counts():
    # Maps with the same means and other maxima: equation 2 reads the mean alone, so the gates are equal.
    x = draw((2, 6, 4, 4))
    other = x.clone()
    other[..., 0, 0] += 5
    other[..., 1, 1] -= 5
    module = build(SqueezeExcitation)
    torch.testing.assert_close(module.gate(other), module.gate(x), rtol=0, atol=1e-14)
    assert (other.amax(dim=(2, 3)) - x.amax(dim=(2, 3))).min() > 1  # and the maxima are others indeed


def test_zero_weights_give_one_half():
    # Closed form: sigmoid(0) = 1/2, so the output is half the input, exactly.
    module, x = build(SqueezeExcitation), draw((2, 6, 5, 4))
    for value in module.parameters():
        torch.nn.init.zeros_(value)
    assert torch.equal(module(x), x / 2)


def test_gate_of_one_image_does_not_depend_on_the_others():
    module, x = build(SqueezeExcitation), draw((3, 6, 5, 4))
    alone = torch.cat([module.gate(image[None]) for image in x])
    torch.testing.assert_close(module.gate(x), alone, rtol=0, atol=1e-14)
