"""Spatial gates that look at windows of different shapes, and the fixed reading behind them.

What the gate leaves of channels 0 and 1 of :mod:`convattn.lab.place_probe` is summed over the image. The gate and one
scale are all that is learned, and the sign of the target is the only thing that they learn from: no gate is told where
the target is.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from convattn.spatial_attention import SpatialAttention

SQUARE = (1, 3, 5, 7, 9, 11)
KINDS = (*(f"{k} x {k}" for k in SQUARE), "3 x 3, dilation 3", "two 3 x 3")


def spatial_gate(kind: str) -> SpatialAttention:
    """Build a spatial gate.

    Args:
        kind: One of ``KINDS``. "K x K" is :class:`convattn.SpatialAttention` as it is; "3 x 3, dilation 3" spans 7
            pixels with 9 taps, two pixels left out between neighbours; "two 3 x 3" is 3 x 3 from two planes to two,
            ReLU, 3 x 3 to one, which spans 5 pixels.

    Returns:
        The module, with batch norm.

    Raises:
        ValueError: If ``kind`` is not one of ``KINDS``.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS}, got {kind!r}")
    if kind == "3 x 3, dilation 3":
        gate = SpatialAttention(kernel_size=3)
        gate.conv = nn.Conv2d(2, 1, 3, padding=3, dilation=3, bias=False)
    elif kind == "two 3 x 3":
        gate = SpatialAttention(kernel_size=3)
        first = nn.Conv2d(2, 2, 3, padding=1, bias=False)
        gate.conv = nn.Sequential(first, nn.ReLU(), nn.Conv2d(2, 1, 3, padding=1, bias=False))
    else:
        gate = SpatialAttention(kernel_size=int(kind.split()[0]))
    return gate


def template(kind: str, size: int) -> Tensor:
    """Return the taps with which a window sees a bright square best in white noise: 1 where it can lie on it, else 0.

    Args:
        kind: One of ``KINDS`` but "two 3 x 3".
        size: Side of the square in pixels.

    Returns:
        Taps (K, K) for the plane of the average, in the places where the square covers as many of them as possible.

    Raises:
        ValueError: If ``kind`` is "two 3 x 3" or unknown.
    """
    if kind not in KINDS or kind == "two 3 x 3":
        raise ValueError(f'kind must be one of {KINDS} but "two 3 x 3", got {kind!r}')
    conv = spatial_gate(kind).conv
    places = conv.dilation[0] * torch.arange(conv.kernel_size[0])  # of the taps along one side, in pixels
    # an odd square that is centred on the window, or for spread taps on the largest group that it covers
    groups = [(places >= start) & (places < start + size) for start in range(int(places[-1]) + 1)]
    centred = [(group.sum().item(), -abs((places[group].float().mean() - places[-1] / 2).item())) for group in groups]
    inside = groups[max(range(len(groups)), key=lambda i: centred[i])].float()
    return torch.outer(inside, inside)


def matched_gate(kind: str, size: int) -> SpatialAttention:
    """Build a gate with the weights of :func:`template` on the average and 0 on the maximum; nothing is learned."""
    gate = spatial_gate(kind)
    with torch.no_grad():
        gate.conv.weight.zero_()
        gate.conv.weight[0, 0] = template(kind, size)
    return gate


class ReadSign(nn.Module):
    """Sum what an attention module leaves of the signs: half the difference of channels 0 and 1, times a scale.

    With more pairs, channels 2 and 3 and so on are added in the same way.

    The scale is learned as its logarithm, so that it cannot change its sign; it starts at 0.01. (With a fixed scale, or
    a larger one at the start, the noise of the whole map drove some gates of our pilot runs shut for good.)

    Args:
        module: Attention module from (B, C, H, W) to the same shape; the identity reads the image as it is.
        pairs: Number of pairs of channels that hold signs.
    """

    def __init__(self, module: nn.Module, *, pairs: int = 1) -> None:
        super().__init__()
        self.module = module
        self.pairs = pairs
        self.log_scale = nn.Parameter(torch.tensor(0.01).log())

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (B,) of a positive sign for ``x`` (B, C, H, W)."""
        y = self.module(x)[:, : 2 * self.pairs]
        return self.log_scale.exp() * (y[:, 0::2] - y[:, 1::2]).sum(dim=(1, 2, 3)) / 2
