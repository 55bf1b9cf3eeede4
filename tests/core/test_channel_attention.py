"""Channel attention against the oracle, closed forms and hand computation; see checks.py for the shared ones."""

import pytest
import torch
from checks import every_check
from helpers import BAD_WIDTH, assert_refuses, bad_inputs, bad_pools, build, draw, message_of

from convattn import ChannelAttention, SqueezeExcitation


@every_check(ChannelAttention)
def test_shared_check(check):
    check(ChannelAttention)


@pytest.mark.parametrize(("options", "message"), BAD_WIDTH, ids=str)
def test_bad_argument_is_named(options, message):
    assert message_of(ValueError, ChannelAttention, **options) == message


@pytest.mark.parametrize(("options", "message"), bad_pools("pools"), ids=str)
def test_bad_pools_are_named(options, message):
    assert message_of(ValueError, ChannelAttention, 64, **options) == message


@pytest.mark.parametrize(("x", "error", "message"), bad_inputs(6), ids=lambda v: "" if torch.is_tensor(v) else str(v))
def test_bad_input_is_named(x, error, message):
    assert_refuses(build(ChannelAttention), x, error, message)


def test_options_are_keywords_only():
    assert ChannelAttention(64, 8).fc1.out_features == 8  # the reduction may stand second, as in other code
    assert "positional" in message_of(TypeError, ChannelAttention, 64, 16, 4)


def test_average_alone_is_squeeze_and_excitation():
    # CBAM equation 2 without its second term is SE equations 2 to 4: the same weights give the same numbers.
    x = draw((2, 6, 5, 4))
    for bias in (True, False):
        se = build(SqueezeExcitation, seed=4, bias=bias)
        channel = build(ChannelAttention, pools=("avg",), bias=bias)
        channel.load_state_dict(se.state_dict(), strict=True)
        torch.testing.assert_close(channel(x), se(x), rtol=0, atol=1e-15)


def test_logits_of_both_pools_are_the_sum_of_those_of_each():
    # Equation 2: MLP(average) + MLP(maximum), the same MLP.
    x, state = draw((2, 6, 5, 4)), build(ChannelAttention).state_dict()
    parts = []
    for pools in (("avg",), ("max",)):
        module = build(ChannelAttention, pools=pools)
        module.load_state_dict(state, strict=True)
        parts.append(module.logits(x))
    torch.testing.assert_close(build(ChannelAttention).logits(x), parts[0] + parts[1], rtol=0, atol=1e-14)


def test_a_constant_map_gives_twice_the_logits_of_one_pool():
    # Average and maximum of a constant are that constant, so the sum is twice one MLP output.
    x = draw((2, 6, 1, 1)).expand(2, 6, 5, 4)
    both, one = build(ChannelAttention), build(ChannelAttention, pools=("max",))
    torch.testing.assert_close(both.logits(x), 2 * one.logits(x), rtol=0, atol=1e-14)


def test_minimum_is_not_the_maximum():
    # A negative map has its maximum next to 0: here -1 at one place, -2 elsewhere; the mean is -2 + 1/20.
    module = build(ChannelAttention, 6)
    x = torch.full((1, 6, 5, 4), -2.0, dtype=torch.float64)
    x[..., 2, 3] = -1
    expected = sum(
        module.fc2(torch.relu(module.fc1(torch.full((1, 6), z, dtype=torch.float64)))) for z in (-2 + 1 / 20, -1.0)
    )
    torch.testing.assert_close(module.logits(x)[..., 0, 0], expected, rtol=0, atol=1e-14)
