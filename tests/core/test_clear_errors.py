"""What people type by mistake, and the sentence that they get: the argument, the value, and what is allowed."""

import pytest
import torch
from checks import ORDERS
from helpers import build, message_of
from torch import nn

from convattn import CBAM, ChannelAttention, SpatialAttention, SqueezeExcitation
from convattn.networks import mobilenet, resnet
from convattn.networks.resnet import ResNet
from convattn.overhead import overhead
from convattn.overhead.__main__ import main

MODULES = [SqueezeExcitation, ChannelAttention, SpatialAttention, CBAM]


@pytest.mark.parametrize("wrong", [[[1.0]], "x", None, 3.5], ids=str)
def test_an_input_that_is_no_tensor(wrong):
    expected = f"input must be a tensor, got {type(wrong).__name__}"
    modules = [build(cls, 6) for cls in MODULES] + [build(CBAM, 6, order=order) for order in ORDERS]
    for module in (*modules, resnet("resnet20"), mobilenet(width=0.5)):
        assert message_of(TypeError, module, wrong) == expected


@pytest.mark.parametrize("wrong", ["no", 1, None, nn.BatchNorm2d], ids=str)
def test_flags(wrong):
    for cls in (SqueezeExcitation, ChannelAttention, CBAM):
        assert message_of(ValueError, cls, 64, bias=wrong) == f"bias must be True or False, got {wrong!r}"
    for made in (lambda: SpatialAttention(norm=wrong), lambda: CBAM(64, norm=wrong)):
        assert message_of(ValueError, made) == f"norm must be True or False, got {wrong!r}"


def test_an_order_that_is_set_later_is_checked():
    module, x = build(CBAM, 6), torch.randn(2, 6, 5, 4, dtype=torch.float64)
    message = message_of(ValueError, setattr, module, "order", "nonsense")
    assert message == "order must be one of 'channel-spatial', 'spatial-channel', 'parallel', got 'nonsense'"
    before = module(x)
    for order in ORDERS:
        module.order = order
        assert torch.equal(module(x), build(CBAM, 6, order=order)(x))
    module.order = "channel-spatial"
    assert torch.equal(module(x), before)


def test_channels_that_come_to_nothing():
    small = {"depths": (1,), "widths": (10,)}
    message = message_of(ValueError, ResNet, **small, bottleneck=True, width_per_group=4)
    assert message == "widths * width_per_group must be >= 64, got (10,) and 4"
    for options in ({"groups": 2}, {"width_per_group": 4}):
        assert "groups and width_per_group need bottleneck=True, got " in message_of(
            ValueError, ResNet, **small, **options
        )


@pytest.mark.parametrize("wrong", [3, "se", nn.ReLU], ids=str)
def test_an_attention_function_that_returns_no_module(wrong):
    expected = f"attention must return a module or None for 16 channels, got {wrong!r}"
    assert message_of(ValueError, resnet, "resnet20", attention=lambda channels: wrong) == expected


def test_overhead_of_a_name():
    message = message_of(ValueError, overhead, "resnet20", (1, 3, 32, 32))
    assert message == "module must be a torch.nn.Module, such as convattn.networks.resnet makes, got 'resnet20'"


def test_a_batch_that_no_machine_holds(capsys):
    with pytest.raises(SystemExit):
        main(["resnet20", "--batch", "9" * 20])
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "the input must have fewer than 2^63 elements, got (99999999999999999999, 3, 32, 32)" in err
