"""CBAM against the oracle, closed forms and hand computation; see checks.py for the shared ones."""

import pytest
import torch
from checks import ORDERS, every_check
from helpers import BAD_KERNEL, BAD_WIDTH, assert_refuses, bad_inputs, bad_pools, build, draw, message_of

from convattn import CBAM, ChannelAttention, SpatialAttention, _checks

every_order = pytest.mark.parametrize("order", ORDERS)


@every_check(CBAM)
def test_shared_check(check):
    check(CBAM)


BAD = [
    *BAD_WIDTH,
    *(({"channels": 64} | options, message) for options, message in BAD_KERNEL),
    *(({"channels": 64} | options, message) for options, message in bad_pools("channel_pools")),
    *(({"channels": 64} | options, message) for options, message in bad_pools("spatial_pools")),
    *(
        (
            {"channels": 64, "order": order},
            f"order must be one of 'channel-spatial', 'spatial-channel', 'parallel', got {order!r}",
        )
        for order in ("", "sequential", "Channel-Spatial", "channel_spatial", None)
    ),
]


@pytest.mark.parametrize(("options", "message"), BAD, ids=str)
def test_bad_argument_is_named(options, message):
    assert message_of(ValueError, CBAM, **options) == message


@every_order
@pytest.mark.parametrize(("x", "error", "message"), bad_inputs(6), ids=lambda v: "" if torch.is_tensor(v) else str(v))
def test_bad_input_is_named(order, x, error, message):
    assert_refuses(build(CBAM, order=order), x, error, message)


def test_options_are_keywords_only():
    assert CBAM(64, 8).channel.fc1.out_features == 8  # the reduction may stand second, as in other code
    assert "positional" in message_of(TypeError, CBAM, 64, 16, 4)


def test_parameters_of_the_worked_size():
    # C = 256, r = 16: 2 * 256 * 16 + 16 + 256 = 8464, 98 of the convolution, 2 of batch norm; the paper's equations
    # have neither biases nor batch norm: 8192 + 98.
    assert sum(p.numel() for p in CBAM(256).parameters()) == 8564
    assert sum(p.numel() for p in CBAM(256, bias=False, norm=False).parameters()) == 8290


def test_options_reach_the_parts():
    module = CBAM(
        64, reduction=8, kernel_size=5, channel_pools=("max",), spatial_pools=("avg",), bias=False, norm=False
    )
    assert isinstance(module.channel, ChannelAttention)
    assert isinstance(module.spatial, SpatialAttention)
    assert module.channel.fc1.weight.shape == (8, 64)
    assert module.channel.fc1.bias is None
    assert module.channel.pools == ("max",)
    assert module.spatial.conv.weight.shape == (1, 1, 5, 5)
    assert module.spatial.pools == ("avg",)
    assert module.spatial.norm is None
    assert CBAM(64, hidden=10).channel.fc1.out_features == 10
    default = CBAM(64)
    assert (default.order, default.channel.pools, default.spatial.pools) == (
        "channel-spatial",
        ("avg", "max"),
        ("avg", "max"),
    )
    assert default.channel.fc1.out_features == 4
    assert default.spatial.conv.kernel_size == (7, 7)
    assert "order='channel-spatial'" in repr(default)


def test_channel_spatial_refines_the_channels_first():
    # Equation 1: the spatial gate is computed from F' = M_c(F) F, not from F.
    module, x = build(CBAM), draw((2, 6, 5, 4))
    channel, spatial = module.gates(x)
    refined = x * module.channel.gate(x)
    assert torch.equal(channel, module.channel.gate(x))
    assert torch.equal(spatial, module.spatial.gate(refined))
    assert not torch.allclose(spatial, module.spatial.gate(x))
    torch.testing.assert_close(module(x), refined * spatial, rtol=0, atol=1e-15)


def test_spatial_channel_refines_the_positions_first():
    module, x = build(CBAM, order="spatial-channel"), draw((2, 6, 5, 4))
    channel, spatial = module.gates(x)
    refined = x * module.spatial.gate(x)
    assert torch.equal(spatial, module.spatial.gate(x))
    assert torch.equal(channel, module.channel.gate(refined))
    assert not torch.allclose(channel, module.channel.gate(x))
    torch.testing.assert_close(module(x), refined * channel, rtol=0, atol=1e-15)


def test_parallel_adds_the_logits_and_applies_the_sigmoid_once():
    # Section 4.1 of the paper, table 3: both attention maps from x, added, then the sigmoid.
    module, x = build(CBAM, order="parallel"), draw((2, 6, 5, 4))
    logits = module.channel.logits(x) + module.spatial.logits(x)
    torch.testing.assert_close(module(x), x / (1 + torch.exp(-logits)), rtol=0, atol=1e-14)
    channel, spatial = module.gates(x)
    assert torch.equal(channel, module.channel.gate(x))
    assert torch.equal(spatial, module.spatial.gate(x))
    assert not torch.allclose(module.gate(x), channel * spatial)


@every_order
def test_gates_have_their_shapes_and_make_the_gate(order):
    module, x = build(CBAM, order=order), draw((2, 6, 5, 4))
    channel, spatial = module.gates(x)
    assert (channel.shape, spatial.shape, module.gate(x).shape) == ((2, 6, 1, 1), (2, 1, 5, 4), (2, 6, 5, 4))
    if order != "parallel":
        assert torch.equal(module.gate(x), channel * spatial)
    assert min(channel.min(), spatial.min(), module.gate(x).min()) >= 0
    assert max(channel.max(), spatial.max(), module.gate(x).max()) <= 1


def test_the_three_orders_differ_on_the_same_weights():
    x = draw((2, 6, 5, 4))
    outputs = [build(CBAM, order=order)(x) for order in ORDERS]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert (outputs[i] - outputs[j]).abs().max() > 0.01


@every_order
def test_each_call_in_training_updates_the_statistics_once(order):
    module, x = build(CBAM, order=order).train(), draw((2, 6, 5, 4))
    for number, method in enumerate((module.forward, module.gate, module.gates), start=1):
        method(x)
        assert module.spatial.norm.num_batches_tracked == number


@every_order
def test_one_value_in_training_raises_the_error_of_pytorch(order):
    module, x = build(CBAM, order=order).train(), draw((1, 6, 1, 1))
    message = message_of(ValueError, module, x)
    assert message == "Expected more than 1 value per channel when training, got input size torch.Size([1, 1, 1, 1])"
    assert module.eval()(x).shape == x.shape


@pytest.mark.parametrize(("order", "checks"), [("channel-spatial", 2), ("spatial-channel", 3), ("parallel", 2)])
def test_each_part_checks_its_input_once(order, checks, monkeypatch):
    # Space first, the whole looks too: the spatial part takes any number of channels, and its batch norm would see it.
    seen, check = [], _checks.feature_map
    monkeypatch.setattr(_checks, "feature_map", lambda *given: seen.append(given[0]) or check(*given))
    module, x = build(CBAM, order=order), draw((2, 6, 5, 4))
    for method in (module.forward, module.gate, module.gates):
        seen.clear()
        method(x)
        assert len(seen) == checks, method
