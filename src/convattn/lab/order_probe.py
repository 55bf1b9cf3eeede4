"""Probes of chapter 4: which channels count, and where, is told in an order that suits one order of the gates.

Each image has 16 x 16 positions, 8 channels and two squares of 5 x 5 pixels at random places that do not touch. The
answer is a sign, and signs stand in channels 0 and 2 (1 and 3 hold the same with the other sign, so that no pool across
channels gives one away). Noise of standard deviation 0.1 lies over all.

- "what first": the squares hold signs in channel 0. One is bright in channel 6, the other in channel 7; channels 4 and
  5, one of them 1 all over the map, say which of the two counts.
- "where first": the signs of channels 0 and 2 are the same all over the map. One square is bright in channel 4, the
  other in channel 5; channels 6 and 7 mark one of them. Its colour, channel 4 or 5, says which sign counts.
- "either": the squares hold signs in channels 0 and 2. Channels 4 and 5, one of them 1 all over the map, say which
  channel counts, and channels 6 and 7 mark the square in which it is to be read.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

TASKS = ("what first", "where first", "either")
CHANNELS, SIDE, SQUARE, NOISE = 8, 16, 5, 0.1

Ints = NDArray[np.int64]


def _places(rng: Generator, images: int) -> NDArray[np.bool_]:
    """Draw two squares for each image whose corners differ by 6 or more in row or column: masks (B, 2, H, W)."""
    corners = rng.integers(0, SIDE - SQUARE + 1, (images, 2, 2))  # (B, square, row and column)
    while (near := np.abs(corners[:, 0] - corners[:, 1]).max(axis=1) <= SQUARE).any():
        corners[near] = rng.integers(0, SIDE - SQUARE + 1, (near.sum(), 2, 2))
    inside = (np.arange(SIDE) - corners[..., None]) // SQUARE == 0  # (B, 2, 2, H)
    return inside[:, :, 0, :, None] & inside[:, :, 1, None, :]


def draw(rng: Generator, images: int, task: str) -> tuple[Tensor, Tensor, Tensor]:
    """Draw images of one task.

    Args:
        rng: Source of randomness.
        images: Number of images B.
        task: One of ``TASKS``.

    Returns:
        Input (B, 8, 16, 16) in float32; answer (B,) with values 0 and 1; masks of the squares (B, 2, 16, 16), boolean,
        the one that counts first.

    Raises:
        ValueError: If ``task`` is not one of ``TASKS`` or ``images`` is less than 1.
    """
    if task not in TASKS:
        raise ValueError(f"task must be one of {TASKS}, got {task!r}")
    if images < 1:
        raise ValueError(f"images must be >= 1, got {images!r}")
    b = np.arange(images)
    squares = _places(rng, images)
    bit = rng.integers(0, 2, images)
    x = np.zeros((images, CHANNELS, SIDE, SIDE), dtype=np.float32)
    signs = 2 * rng.integers(0, 2, (images, 2, 2)) - 1  # of channels 0 and 2, in the two squares
    if task == "where first":
        signs[:, :, 1] = signs[:, :, 0]
        x[:, (0, 2)] = signs[:, :, :1, None]
        x[b, 4 + bit] = squares[:, 0]
        x[b, 5 - bit] = squares[:, 1]
    else:
        x[b, 4 + bit] = 1
        x[:, 0] = (signs[:, 0, :, None, None] * squares).sum(axis=1)
    if task == "what first":
        x[b, 6 + bit] = squares[:, 0]
        x[b, 7 - bit] = squares[:, 1]
    else:
        x[:, 6:] = squares[:, :1]
    if task == "either":
        x[:, 2] = (signs[:, 1, :, None, None] * squares).sum(axis=1)
    x[:, (1, 3)] = -x[:, (0, 2)]
    x += NOISE * rng.standard_normal(x.shape, dtype=np.float32)
    counts = signs[b, 0 if task == "what first" else bit, 0]
    return torch.from_numpy(x), torch.from_numpy((counts > 0).astype(np.float32)), torch.from_numpy(squares)
