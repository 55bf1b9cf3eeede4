"""Parts that several experiments put around an attention module: a control and a read-out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from convattn.channel_attention import ChannelAttention
from convattn.spatial_attention import SpatialAttention
from convattn.squeeze_excitation import SqueezeExcitation


class Frozen(nn.Module):
    """A gate that no longer sees the image: it multiplies by its mean over some images; a control.

    Args:
        module: Attention module.
        x: Images (B, C, H, W) over which the gate is averaged.
    """

    mean: Tensor

    def __init__(self, module: SqueezeExcitation | ChannelAttention | SpatialAttention, x: Tensor) -> None:
        super().__init__()
        with torch.no_grad():
            self.register_buffer("mean", module.gate(x).mean(dim=0, keepdim=True))

    def gate(self, x: Tensor) -> Tensor:
        """Return the mean gate, once for each image of ``x``."""
        return self.mean.expand(len(x), -1, -1, -1)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` times the mean gate."""
        return x * self.mean


class ReadSign(nn.Module):
    """Sum what an attention module leaves of the signs: half the difference of channels 0 and 1, times a scale.

    With more pairs, channels 2 and 3 and so on are added in the same way.

    The scale is learned as its logarithm, so that it cannot change its sign.

    Args:
        module: Attention module from (B, C, H, W) to the same shape; the identity reads the image as it is.
        pairs: Number of pairs of channels that hold signs.
        scale: The scale at the start.
    """

    def __init__(self, module: nn.Module, *, pairs: int = 1, scale: float = 0.01) -> None:
        super().__init__()
        self.module = module
        self.pairs = pairs
        self.log_scale = nn.Parameter(torch.tensor(float(scale)).log())

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (B,) of a positive sign for ``x`` (B, C, H, W)."""
        y = self.module(x)[:, : 2 * self.pairs]
        return self.log_scale.exp() * (y[:, 0::2] - y[:, 1::2]).sum(dim=(1, 2, 3)) / 2
