"""Probe tasks: small made-up problems whose truth and whose best possible score are known.

``context`` is the probe of chapter 1. Channel 0 and channel 1 each hold a map of independent random signs; one of
them is the answer, the other a decoy. Which one is told by channel 2 alone: noise of standard deviation 1 whose mean
is ``+shift`` when channel 0 holds the answer and ``-shift`` when channel 1 does. A single pixel of channel 2 says
little; all of them together say it clearly. The remaining channels are noise. The task is to give the answer's sign
at each pixel.
"""

from __future__ import annotations

import torch
from numpy.random import Generator
from scipy.stats import norm
from torch import Tensor

CHANNELS, SIZE, SHIFT = 8, 12, 0.25


def context(
    rng: Generator, images: int, *, channels: int = CHANNELS, size: int = SIZE, shift: float = SHIFT
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw images of the context probe.

    Args:
        rng: Source of randomness.
        images: Number of images B, at least 1.
        channels: Number of channels C, at least 3.
        size: Height and width in pixels, at least 1.
        shift: Mean of the context channel in units of its noise, at least 0.

    Returns:
        Input (B, C, H, W) in float32; answer (B, 1, H, W) with values 0 and 1; context (B,), True where channel 0
        holds the answer.

    Raises:
        ValueError: If an argument is smaller than allowed.
    """
    limits = {"images": (images, 1), "channels": (channels, 3), "size": (size, 1), "shift": (shift, 0)}
    for name, (value, least) in limits.items():
        if value < least:
            raise ValueError(f"{name} must be >= {least}, got {value!r}")
    first = rng.integers(0, 2, images).astype(bool)
    x = rng.standard_normal((images, channels, size, size), dtype="float32")
    signs = rng.integers(0, 2, (images, 2, size, size))
    x[:, :2] = 2 * signs - 1
    x[:, 2] += (shift * (2 * first - 1)).astype("float32")[:, None, None]
    answer = signs[range(images), 1 - first.astype(int)]  # plane 0 where first, else plane 1
    return torch.from_numpy(x), torch.from_numpy(answer[:, None]).float(), torch.from_numpy(first)


def context_ceiling(pixels: int, shift: float = SHIFT) -> float:
    """Return the best expected share of right signs for a rule that reads the context from ``pixels`` pixels.

    The two maps agree at half of the pixels, where any rule is right. At the other half the rule must know the
    context. The mean of n pixels of unit noise has standard deviation 1 / sqrt(n), so the best guess, its sign, is
    right with probability Phi(shift sqrt(n)): the ceiling is 1/2 + Phi(shift sqrt(n)) / 2.

    Args:
        pixels: Number of pixels n of the context channel that the rule sees; 0 is a rule that ignores the context.
        shift: Mean of the context channel in units of its noise.

    Returns:
        Share of right signs, between 0.75 and 1.

    Raises:
        ValueError: If ``pixels`` or ``shift`` is negative.
    """
    if pixels < 0 or shift < 0:
        raise ValueError(f"pixels and shift must be >= 0, got {pixels!r} and {shift!r}")
    return 0.5 + float(norm.cdf(shift * pixels**0.5)) / 2


def window_ceiling(window: int, size: int = SIZE, shift: float = SHIFT) -> float:
    """Return the ceiling for a rule that sees a window of pixels around each pixel: the mean over all positions.

    Near the border part of the window lies outside the map, so that the rule sees fewer pixels there.

    Args:
        window: Side K of the window in pixels, odd.
        size: Height and width of the map in pixels.
        shift: Mean of the context channel in units of its noise.

    Returns:
        Share of right signs, between 0.75 and 1.

    Raises:
        ValueError: If ``window`` is even or less than 1, or ``size`` is less than 1.
    """
    if window < 1 or window % 2 == 0:
        raise ValueError(f"window must be odd and >= 1, got {window!r}")
    if size < 1:
        raise ValueError(f"size must be >= 1, got {size!r}")
    half = window // 2
    seen = [min(i + half, size - 1) - max(i - half, 0) + 1 for i in range(size)]  # along one side
    return sum(context_ceiling(a * b, shift) for a in seen for b in seen) / size**2
