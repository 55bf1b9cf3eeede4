"""Wrong variants of the modules, each with one bug that was found in public code, rewritten here from its description.

The tests show that the suite rejects each of them; the book's exercises ask the reader to find the bug.
:data:`VARIANTS` lists all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from convattn import CBAM, ChannelAttention, SpatialAttention, SqueezeExcitation


class SquarePooling(SqueezeExcitation):
    """The pooling window is H by H, so a wide map is read in part and a tall or very wide one raises."""

    def logits(self, x: Tensor) -> Tensor:
        """Compute the logits, rightly for H = W alone."""
        z = F.avg_pool2d(x, x.shape[2]).flatten(1)
        return self.fc2(torch.relu(self.fc1(z)))[:, :, None, None]


class ZeroWidth(SqueezeExcitation):
    """``channels < reduction`` builds a hidden layer of no units, and the gate does not depend on the image."""

    def __init__(self, channels: int, *, reduction: int = 16, hidden: int | None = None, **options: Any) -> None:
        width = channels // reduction if hidden is None else hidden
        super().__init__(channels, hidden=max(width, 1), **options)
        if width == 0:
            bias = self.fc1.bias is not None
            self.fc1 = nn.Linear(channels, 0, bias=bias)
            self.fc2 = nn.Linear(0, channels, bias=bias)


class ReductionIgnored(ChannelAttention):
    """The argument ``reduction`` is accepted and 16 is used."""

    def __init__(self, channels: int, *, reduction: int = 16, **options: Any) -> None:
        super().__init__(channels, reduction=16, **options)


class AverageTwice(ChannelAttention):
    """The average stands in both places of the sum, so the maximum has no effect."""

    def logits(self, x: Tensor) -> Tensor:
        """Compute the logits, with the average in place of the maximum."""
        z = torch.stack([x.mean(dim=(2, 3)) for _ in self.pools], dim=1)
        return self.fc2(torch.relu(self.fc1(z))).sum(dim=1)[:, :, None, None]


class EvenKernel(SpatialAttention):
    """An even ``kernel_size`` is accepted, and its map is one pixel larger than the image."""

    def __init__(self, *, kernel_size: int = 7, **options: Any) -> None:
        super().__init__(kernel_size=kernel_size | 1, **options)
        self.conv = nn.Conv2d(len(self.pools), 1, kernel_size, padding=kernel_size // 2, bias=False)


class NoSpatialSigmoid(SpatialAttention):
    """The convolution's output multiplies the features, without the sigmoid."""

    def gate(self, x: Tensor) -> Tensor:
        """Return the logits as if they were a gate."""
        return self.logits(x)


class TwoMLPs(ChannelAttention):
    """The maximum has an MLP of its own, where the equation shares one."""

    def __init__(self, channels: int, **options: Any) -> None:
        super().__init__(channels, **options)
        hidden, bias = self.fc1.out_features, self.fc1.bias is not None
        self.fc1_max = nn.Linear(channels, hidden, bias=bias)
        self.fc2_max = nn.Linear(hidden, channels, bias=bias)

    def logits(self, x: Tensor) -> Tensor:
        """Compute the logits, each descriptor by its own MLP."""
        z = torch.zeros(x.shape[:2], dtype=x.dtype, device=x.device)
        if "avg" in self.pools:
            z = z + self.fc2(torch.relu(self.fc1(x.mean(dim=(2, 3)))))
        if "max" in self.pools:
            z = z + self.fc2_max(torch.relu(self.fc1_max(x.amax(dim=(2, 3)))))
        return z[:, :, None, None]


class GateIgnored(ChannelAttention):
    """``gate_fn`` is accepted and a sigmoid is used."""

    def gate(self, x: Tensor) -> Tensor:
        """Compute a sigmoid gate."""
        return torch.sigmoid(self.logits(x))


class GateNotForwarded(CBAM):
    """``gate_fn`` reaches the channel part and is not passed on to the spatial part."""

    def __init__(self, channels: int, *, gate_fn: Callable[[Tensor], Tensor] = torch.sigmoid, **options: Any) -> None:
        super().__init__(channels, gate_fn=gate_fn, **options)
        self.spatial.gate_fn = torch.sigmoid


class NeverRun(SqueezeExcitation):
    """The second layer expects ``reduction`` inputs, so no forward pass works unless reduction = hidden.

    With C = 256 and r = 16 the two are equal, and bugs 6, 14 and 16 cannot be seen: a bad size for a test.
    """

    def __init__(self, channels: int, *, reduction: int = 16, **options: Any) -> None:
        super().__init__(channels, reduction=reduction, **options)
        self.fc2 = nn.Linear(reduction, channels, bias=self.fc1.bias is not None)


class SigmoidTwice(ChannelAttention):
    """A sigmoid of the sigmoid, so that the gate lies between 0.5 and 0.73."""

    def gate(self, x: Tensor) -> Tensor:
        """Compute the gate and squash it once more."""
        return torch.sigmoid(super().gate(x))


class WidthIsReduction(ChannelAttention):
    """The hidden layer has ``reduction`` units instead of ``channels // reduction``."""

    def __init__(self, channels: int, *, reduction: int = 16, hidden: int | None = None, **options: Any) -> None:
        super().__init__(channels, hidden=reduction if hidden is None else hidden, **options)


class PlanesSwapped(SpatialAttention):
    """The planes are [max, avg], so weights made for [avg, max] load without error and act wrongly."""

    def logits(self, x: Tensor) -> Tensor:
        """Compute the logits from the planes in the wrong order."""
        planes = {"avg": x.mean(dim=1, keepdim=True), "max": x.amax(dim=1, keepdim=True)}
        z = self.conv(torch.cat([planes[pool] for pool in reversed(self.pools)], dim=1))
        return z if self.norm is None else self.norm(z)


class Variant(NamedTuple):
    """A wrong module, and the right one whose place it takes."""

    wrong: type[nn.Module]
    right: type[nn.Module]


VARIANTS = (
    Variant(SquarePooling, SqueezeExcitation),
    Variant(ZeroWidth, SqueezeExcitation),
    Variant(ReductionIgnored, ChannelAttention),
    Variant(AverageTwice, ChannelAttention),
    Variant(EvenKernel, SpatialAttention),
    Variant(NoSpatialSigmoid, SpatialAttention),
    Variant(TwoMLPs, ChannelAttention),
    Variant(GateIgnored, ChannelAttention),
    Variant(GateNotForwarded, CBAM),
    Variant(NeverRun, SqueezeExcitation),
    Variant(SigmoidTwice, ChannelAttention),
    Variant(WidthIsReduction, ChannelAttention),
    Variant(PlanesSwapped, SpatialAttention),
)
