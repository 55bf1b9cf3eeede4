"""MobileNet (version 1) with a width multiplier, which takes attention after each of its convolutions."""

from __future__ import annotations

import math
from collections import OrderedDict

import torch
from torch import Tensor, nn

from convattn import _checks
from convattn.networks import _attention
from convattn.networks._attention import Attention

# Output channels at width 1 and stride of each block. With stride 2 in the last one there would be 0.534 G
# multiply-accumulates; CBAM's Table 5 has 0.569.
BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *5 * ((512, 1),), (1024, 2), (1024, 1))


class ConvUnit(nn.Module):
    """Convolution, batch norm, attention, ReLU.

    Args:
        cin: Number of input channels.
        cout: Number of output channels.
        kernel_size: Side of the kernel in pixels, odd.
        stride: Stride of the convolution.
        groups: Groups of the convolution.
        attention: As in :class:`MobileNet`.
    """

    def __init__(
        self,
        cin: int,
        cout: int,
        *,
        kernel_size: int,
        stride: int = 1,
        groups: int = 1,
        attention: Attention = None,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, kernel_size, stride, kernel_size // 2, groups=groups, bias=False)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")
        self.bn = nn.BatchNorm2d(cout)
        self.attention = _attention.build(attention, cout)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, cout, H / stride, W / stride), rounded up, for ``x`` (B, cin, H, W)."""
        x = self.bn(self.conv(x))
        if self.attention is not None:
            x = self.attention(x)
        return self.relu(x)


class MobileNet(nn.Module):
    """MobileNet of Howard et al., arXiv:1704.04861, Table 1, with attention after the batch norm of each convolution.

    A 3 x 3 stem, then 13 blocks of a depthwise 3 x 3 and a pointwise 1 x 1 convolution. With attention there are 27
    modules: one in the stem and two in each block. The CBAM paper does not print these places; of the sets of stem,
    depthwise and pointwise convolutions only all three agree with its Table 5, where CBAM adds 7 M multiply-accumulates
    at width 1.0 (without the stem's it would be 6 M). Whether ReLU came before or after the attention no count can
    tell: here it comes after, as in the residual networks.

    The children stand in the order in which they run, as in :class:`~convattn.networks.resnet.ResNet`.

    Convolutions start from a normal distribution of variance 2 / fan-out (Kaiming), batch norm at gamma 1 and beta 0;
    ``fc`` and the attention keep the starting values of their classes.

    Args:
        width: Width multiplier; each number of channels is multiplied by it and rounded down, as in Table 5 of CBAM
            (0.7 of 32 is 22).
        attention: None, "se", "cbam" (both with reduction 16), or a function from channels to a module.
        num_classes: Number of logits.
        zero_gate: Whether the batch norm of each spatial gate starts at gamma 0; each is then 1/2 at the start.

    Raises:
        ValueError: If ``width`` is not a number of at least 1/32 (1/2 for "se" and "cbam", which need 16 channels),
            ``attention`` is unknown, ``num_classes`` is less than 1, or ``zero_gate`` is set and there is no spatial
            gate with batch norm; or if an input is not (B, 3, H, W) with H and W at least 1, or of as many channels as
            a replaced ``stem.conv`` takes.
        TypeError: If an input is not floating point.
    """

    def __init__(
        self,
        *,
        width: float = 1.0,
        attention: Attention = None,
        num_classes: int = 1000,
        zero_gate: bool = False,
    ) -> None:
        super().__init__()
        if not isinstance(width, int | float) or not math.isfinite(width) or 32 * width < 1:
            raise ValueError(f"width must be a number >= 1/32, got {width!r}")
        channels = int(32 * width)
        self.stem = ConvUnit(3, channels, kernel_size=3, stride=2, attention=attention)
        blocks = []
        for full, stride in BLOCKS:
            cout = int(full * width)
            depthwise = ConvUnit(channels, channels, kernel_size=3, stride=stride, groups=channels, attention=attention)
            pointwise = ConvUnit(channels, cout, kernel_size=1, attention=attention)
            blocks.append(nn.Sequential(OrderedDict(depthwise=depthwise, pointwise=pointwise)))
            channels = cout
        self.blocks = nn.Sequential(*blocks)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, _checks.at_least_one("num_classes", num_classes))
        if zero_gate:
            _attention.close_gates(self)

    def forward(self, x: Tensor) -> Tensor:
        """Classify images: (B, 3, H, W), floating point, to logits (B, num_classes)."""
        _checks.feature_map(x, getattr(self.stem.conv, "in_channels", None))  # 3, unless the layer was replaced
        x = self.blocks(self.stem(x))
        x = torch.flatten(self.avgpool(x), 1)  # (B, C, H, W) -> (B, C, 1, 1) -> (B, C)
        return self.fc(x)  # (B, num_classes)


def mobilenet(
    *,
    width: float = 1.0,
    attention: Attention = None,
    num_classes: int = 1000,
    zero_gate: bool = False,
) -> MobileNet:
    """Build :class:`MobileNet`; the CBAM paper's Table 5 has the widths 1.0 and 0.7."""
    return MobileNet(width=width, attention=attention, num_classes=num_classes, zero_gate=zero_gate)
