"""Residual networks that take attention at the end of each residual branch, where CBAM's paper puts it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from convattn import _checks
from convattn.networks import _attention
from convattn.networks._attention import Attention

StrideIn = Literal["3x3", "1x1"]
STRIDES_IN: tuple[StrideIn, ...] = get_args(StrideIn)
_SMALL: dict[str, Any] = {"widths": (16, 32, 64), "small_input": True, "num_classes": 10}
_GROUPS: dict[str, Any] = {"bottleneck": True, "groups": 32, "width_per_group": 4}
NETWORKS: dict[str, dict[str, Any]] = {
    "resnet18": {"depths": (2, 2, 2, 2)},
    "resnet34": {"depths": (3, 4, 6, 3)},
    "resnet50": {"depths": (3, 4, 6, 3), "bottleneck": True},
    "resnet101": {"depths": (3, 4, 23, 3), "bottleneck": True},
    "resnext50_32x4d": {"depths": (3, 4, 6, 3), **_GROUPS},
    "resnext101_32x4d": {"depths": (3, 4, 23, 3), **_GROUPS},
    "wide_resnet18_1.5": {"depths": (2, 2, 2, 2), "widths": (96, 192, 384, 768)},
    "wide_resnet18_2.0": {"depths": (2, 2, 2, 2), "widths": (128, 256, 512, 1024)},
    "resnet20": {"depths": (3, 3, 3), **_SMALL},
    "resnet32": {"depths": (5, 5, 5), **_SMALL},
    "resnet56": {"depths": (9, 9, 9), **_SMALL},
    "resnet110": {"depths": (18, 18, 18), **_SMALL},
}


def _conv(cin: int, cout: int, kernel_size: int, *, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    conv = nn.Conv2d(cin, cout, kernel_size, stride, kernel_size // 2, groups=groups, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    return conv


class Subsample(nn.Module):
    """Shortcut without parameters: the positions at each ``stride``, and zeros for the channels that are missing.

    Option A of He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", arXiv:1512.03385.

    Args:
        missing: Number of channels of zeros, which come last.
        stride: Distance between positions that are kept.
    """

    def __init__(self, missing: int, *, stride: int) -> None:
        super().__init__()
        self.missing = missing
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C + missing, H / stride, W / stride), rounded up, for ``x`` (B, C, H, W)."""
        return nn.functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.missing))


def _shortcut(cin: int, cout: int, *, stride: int, small_input: bool) -> nn.Module | None:
    if stride == 1 and cin == cout:
        return None
    if small_input:
        return Subsample(cout - cin, stride=stride)
    return nn.Sequential(_conv(cin, cout, 1, stride=stride), nn.BatchNorm2d(cout))


class BasicBlock(nn.Module):
    """Residual block of two 3 x 3 convolutions with attention before the addition.

    Args:
        cin: Number of input channels.
        width: Number of channels of the convolutions and of the output.
        stride: Stride of the first convolution.
        attention: As in :class:`ResNet`.
        small_input: As in :class:`ResNet`; it decides on the shortcut.
    """

    expansion = 1

    def __init__(
        self,
        cin: int,
        width: int,
        *,
        stride: int,
        attention: Attention,
        small_input: bool,
    ) -> None:
        super().__init__()
        downsample = _shortcut(cin, width, stride=stride, small_input=small_input)
        self.conv1 = _conv(cin, width, 3, stride=stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU()
        self.conv2 = _conv(width, width, 3)
        self.bn2 = nn.BatchNorm2d(width)
        self.attention = _attention.build(attention, width)
        self.downsample = downsample
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return ``relu(attention(branch(x)) + shortcut(x))``: (B, cin, H, W) -> (B, width, H', W')."""
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if self.attention is not None:
            y = self.attention(y)
        return self.relu2(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """Residual block of 1 x 1, 3 x 3 and 1 x 1 convolutions with attention before the addition.

    Args:
        cin: Number of input channels.
        width: A quarter of the number of output channels.
        groups: Groups of the 3 x 3 convolution.
        width_per_group: Channels of a group if ``width`` is 64; in proportion else.
        stride: Stride of the block.
        stride_in: Which convolution has it: "3x3", or "1x1" for the first.
        attention: As in :class:`ResNet`.
        small_input: As in :class:`ResNet`; it decides on the shortcut.
    """

    expansion = 4

    def __init__(
        self,
        cin: int,
        width: int,
        *,
        groups: int,
        width_per_group: int,
        stride: int,
        stride_in: StrideIn,
        attention: Attention,
        small_input: bool,
    ) -> None:
        super().__init__()
        downsample = _shortcut(cin, 4 * width, stride=stride, small_input=small_input)
        inner = width * width_per_group // 64 * groups
        self.conv1 = _conv(cin, inner, 1, stride=stride if stride_in == "1x1" else 1)
        self.bn1 = nn.BatchNorm2d(inner)
        self.relu1 = nn.ReLU()
        self.conv2 = _conv(inner, inner, 3, stride=stride if stride_in == "3x3" else 1, groups=groups)
        self.bn2 = nn.BatchNorm2d(inner)
        self.relu2 = nn.ReLU()
        self.conv3 = _conv(inner, 4 * width, 1)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.attention = _attention.build(attention, 4 * width)
        self.downsample = downsample
        self.relu3 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return ``relu(attention(branch(x)) + shortcut(x))``: (B, cin, H, W) -> (B, 4 width, H', W')."""
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.relu2(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        if self.attention is not None:
            y = self.attention(y)
        return self.relu3(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """Residual network with attention at the end of each residual branch; :func:`resnet` makes those with a name.

    He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", arXiv:1512.03385; with groups the ResNeXt of
    Xie, Girshick, Dollár, Tu and He, arXiv:1611.05431; with wider stages after Zagoruyko and Komodakis,
    arXiv:1605.07146. The attention stands after the last batch norm of the branch and before the addition, as in
    Figure 3 of CBAM, arXiv:1807.06521v2, and has the block's number of output channels.

    ``stride_in`` says which convolution of a bottleneck halves the map. With "3x3" torchvision's weights load by name
    and mean the same; "1x1" is the older network with fewer multiply-accumulates. The keys and shapes of the two are
    the same and **the functions are not**: weights of one load into the other without an error, and give other outputs.
    Basic blocks have no such choice.

    The children stand in the order in which they run, with a ReLU of its own for each use, and nothing but a flatten
    runs between them: ``nn.Sequential(*list(network.children())[:-2])`` gives the last feature map (B, C, H, W), with
    [:-1] its mean (B, C, 1, 1).

    Convolutions start from a normal distribution of variance 2 / fan-out (Kaiming), batch norm at gamma 1 and beta 0;
    ``fc`` and the attention keep the starting values of their classes.

    Args:
        depths: Number of blocks of each stage.
        widths: Number of channels of each stage; the output of a bottleneck has four times as many.
        bottleneck: Whether the blocks are bottlenecks (1 x 1, 3 x 3, 1 x 1) or basic (3 x 3, 3 x 3).
        groups: Groups of the 3 x 3 convolution of a bottleneck.
        width_per_group: Channels of a group in a stage of width 64; in proportion in the others.
        small_input: True for the network for 32 x 32 images (He et al., section 4.2), which has a 3 x 3 stem of
            ``widths[0]`` channels, no pooling, and shortcuts without parameters (:class:`Subsample`); False for a
            7 x 7 stem of 64 channels with stride 2, 3 x 3 max pooling with stride 2, and projections.
        attention: None, "se", "cbam" (both with reduction 16), or a function from channels to a module
            (or None).
        num_classes: Number of logits.
        stride_in: "3x3" or "1x1".
        zero_gate: Whether the batch norm of each spatial gate starts at gamma 0, as in the code that produced CBAM's
            numbers; each spatial gate is then 1/2 everywhere at the start.

    Raises:
        ValueError: If ``depths`` and ``widths`` differ in length, a number is less than 1, ``attention`` or
            ``stride_in`` is unknown, ``groups`` or ``width_per_group`` is given for basic blocks or leaves a
            bottleneck no channel, or ``zero_gate`` is set and there is no spatial gate with batch norm; or if an
            input is not (B, 3, H, W) with H and W at least 1, or of as many channels as a replaced ``conv1`` takes.
        TypeError: If an input is not floating point.
    """

    def __init__(
        self,
        *,
        depths: Sequence[int],
        widths: Sequence[int] = (64, 128, 256, 512),
        bottleneck: bool = False,
        groups: int = 1,
        width_per_group: int = 64,
        small_input: bool = False,
        attention: Attention = None,
        num_classes: int = 1000,
        stride_in: StrideIn = "3x3",
        zero_gate: bool = False,
    ) -> None:
        super().__init__()
        if len(depths) != len(widths) or not depths:
            raise ValueError(f"depths and widths must have the same length >= 1, got {depths!r} and {widths!r}")
        numbers = {"depths": depths, "widths": widths, "groups": [groups], "width_per_group": [width_per_group]}
        for name, values in (numbers | {"num_classes": [num_classes]}).items():
            for value in values:
                _checks.at_least_one(name, value)
        if stride_in not in STRIDES_IN:
            raise ValueError(f"stride_in must be one of {', '.join(map(repr, STRIDES_IN))}, got {stride_in!r}")
        if not bottleneck and (groups, width_per_group) != (1, 64):
            raise ValueError(f"groups and width_per_group need bottleneck=True, got {groups!r} and {width_per_group!r}")
        if bottleneck and min(widths) * width_per_group < 64:
            raise ValueError(f"widths * width_per_group must be >= 64, got {widths!r} and {width_per_group!r}")
        channels = widths[0] if small_input else 64
        self.conv1 = _conv(3, channels, 3) if small_input else _conv(3, channels, 7, stride=2)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()
        self.maxpool = None if small_input else nn.MaxPool2d(3, stride=2, padding=1)
        bottlenecks = {"groups": groups, "width_per_group": width_per_group, "stride_in": stride_in}
        kind = partial(Bottleneck, **bottlenecks) if bottleneck else BasicBlock
        block = partial(kind, attention=attention, small_input=small_input)
        for number, (depth, width) in enumerate(zip(depths, widths, strict=True), start=1):
            cout = width * (Bottleneck if bottleneck else BasicBlock).expansion
            first = block(channels, width, stride=1 if number == 1 else 2)
            rest = [block(cout, width, stride=1) for _ in range(depth - 1)]
            self.add_module(f"layer{number}", nn.Sequential(first, *rest))
            channels = cout
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, num_classes)
        if zero_gate:
            _attention.close_gates(self)

    def stages(self) -> list[nn.Module]:
        """Return ``layer1``, ``layer2`` and so on, in the order in which they run."""
        return [part for name, part in self.named_children() if name.startswith("layer")]

    def forward(self, x: Tensor) -> Tensor:
        """Classify images: (B, 3, H, W), floating point, to logits (B, num_classes)."""
        _checks.feature_map(x, getattr(self.conv1, "in_channels", None))  # 3, unless the layer was replaced
        x = self.relu(self.bn1(self.conv1(x)))
        if self.maxpool is not None:
            x = self.maxpool(x)
        for stage in self.stages():
            x = stage(x)
        x = torch.flatten(self.avgpool(x), 1)  # (B, C, H, W) -> (B, C, 1, 1) -> (B, C)
        return self.fc(x)  # (B, num_classes)


def resnet(
    name: str,
    *,
    attention: Attention = None,
    num_classes: int | None = None,
    stride_in: StrideIn = "3x3",
    zero_gate: bool = False,
) -> ResNet:
    """Build one of the networks of the CBAM paper's Table 4, or of the CIFAR family of He et al.

    Args:
        name: "resnet18", "resnet34", "resnet50", "resnet101", "resnext50_32x4d" or "resnext101_32x4d";
            "wide_resnet18_1.5" or "wide_resnet18_2.0", with 1.5 or 2 times the channels in the four stages and 64 in
            the stem; for 32 x 32 images "resnet20", "resnet32", "resnet56" or "resnet110".
        attention: None, "se", "cbam", or a function from channels to a module, as in :class:`ResNet`.
        num_classes: Number of logits; when None 10 for the CIFAR family, else 1000.
        stride_in: "3x3" or "1x1", as in :class:`ResNet`: the same keys, different functions.
        zero_gate: Whether each spatial gate starts at 1/2, as in :class:`ResNet`.

    Returns:
        The network with random weights.

    Raises:
        ValueError: If ``name``, ``attention`` or ``stride_in`` is unknown, ``num_classes`` is less than 1, or
            ``zero_gate`` is set and there is no spatial gate with batch norm.
    """
    if name not in NETWORKS:
        raise ValueError(f"name must be one of {', '.join(map(repr, NETWORKS))}, got {name!r}")
    options = dict(NETWORKS[name])
    if num_classes is not None:
        options["num_classes"] = num_classes
    return ResNet(**options, attention=attention, stride_in=stride_in, zero_gate=zero_gate)
