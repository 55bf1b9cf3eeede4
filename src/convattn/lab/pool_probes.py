"""Probe tasks of chapter 2: which map to read is told by an average, by a maximum, by both, or by neither.

As in the context probe, some channels hold maps of random signs; one of them is the answer, and the task is to give its
sign at each pixel. What tells which one differs. The channels that tell it hold 12 x 12 pixels of noise of standard
deviation 1, and on top:

- "average": the noise has mean +0.25 or -0.25, except for one pixel at 8, which is brightest in both cases. The maximum
  is blind.
- "maximum": one pixel is brighter by 6, or six pixels by 1. The sum is the same, so the average is blind.
- "both": four candidate maps; one channel of the first kind and one of the second give a bit each.
- "arrangement": vertical or horizontal stripes of +1 and -1. Average and maximum are both blind.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import log_ndtr
from scipy.stats import norm
from torch import Tensor

TASKS = ("average", "maximum", "both", "arrangement")
CHANNELS, SIZE, SHIFT, PEAK, BRIGHT, SPREAD = 8, 12, 0.25, 8.0, 6.0, 6
PIXELS = SIZE * SIZE

CONTEXT = (4, 5)  # the channels that may tell which map to read

Bits = NDArray[np.bool_]


def candidates(task: str) -> int:
    """Return the number of channels, the first ones, that may hold the answer: 4 for "both", else 2."""
    return 4 if task == "both" else 2


def _add_average(maps: NDArray[np.float32], bit: Bits) -> None:  # maps: (B, H * W)
    peak = maps[:, 0] + PEAK
    maps += np.where(bit, SHIFT, -SHIFT).astype("float32")[:, None]
    maps[:, 0] = peak


def _add_maximum(maps: NDArray[np.float32], bit: Bits) -> None:
    maps[bit, 0] += BRIGHT
    maps[~bit, :SPREAD] += BRIGHT / SPREAD


def _add_arrangement(maps: NDArray[np.float32], bit: Bits) -> None:
    columns = np.where(np.arange(PIXELS) % SIZE % 2 == 0, 1, -1)
    rows = np.where(np.arange(PIXELS) // SIZE % 2 == 0, 1, -1)
    maps += np.where(bit[:, None], columns, rows).astype("float32")


def draw(rng: Generator, images: int, task: str) -> tuple[Tensor, Tensor, NDArray[np.int64]]:
    """Draw images of one task.

    Channels 0 to 3 are random signs, of which 0 and 1 (for "both", all four) are candidates; channel 4 carries the
    first bit, channel 5 the second one of "both"; the rest is noise.

    Args:
        rng: Source of randomness.
        images: Number of images B.
        task: One of ``TASKS``.

    Returns:
        Input (B, 8, 12, 12) in float32; answer (B, 1, 12, 12) with values 0 and 1; index of the channel that holds
        the answer (B,).

    Raises:
        ValueError: If ``task`` is not one of ``TASKS`` or ``images`` is less than 1.
    """
    if task not in TASKS:
        raise ValueError(f"task must be one of {TASKS}, got {task!r}")
    if images < 1:
        raise ValueError(f"images must be >= 1, got {images!r}")
    bits = rng.integers(0, 2, (2, images)).astype(bool)
    x = rng.standard_normal((images, CHANNELS, PIXELS), dtype="float32")
    signs = rng.integers(0, 2, (images, 4, PIXELS))
    x[:, :4] = 2 * signs - 1
    if task == "arrangement":
        _add_arrangement(x[:, 4], bits[0])
    elif task == "maximum":
        _add_maximum(x[:, 4], bits[0])
    else:
        _add_average(x[:, 4], bits[0])
    if task == "both":
        _add_maximum(x[:, 5], bits[1])
    if task != "arrangement":  # each image its own places of the bright pixels
        order = rng.permuted(np.tile(np.arange(PIXELS), (images, 1)), axis=1)
        for channel in CONTEXT:
            x[:, channel] = np.take_along_axis(x[:, channel], order, axis=1)
    source = bits[0] + 2 * bits[1] if task == "both" else bits[0].astype(np.int64)
    answer = signs[np.arange(images), source].reshape(images, 1, SIZE, SIZE)
    return (
        torch.from_numpy(x.reshape(images, CHANNELS, SIZE, SIZE)),
        torch.from_numpy(answer).float(),
        source,
    )


def chance_of_bit(kind: str, pool: str) -> float:
    """Return the chance that the best guess of a bit is right, from one pool of its channel.

    Args:
        kind: "average" or "maximum", the task whose bit it is.
        pool: "avg" or "max".

    Returns:
        Chance between 0.5 and 1.
    """
    t = np.arange(-2.0, 14.0, 0.001)
    if pool == "avg":  # equal for both cases of "maximum"
        return float(norm.cdf(SHIFT * (PIXELS - 1) / PIXELS**0.5)) if kind == "average" else 0.5
    if kind == "maximum":  # logarithms of P(maximum <= t)
        one = [log_ndtr(t - BRIGHT) + (PIXELS - 1) * log_ndtr(t)]
        six = [SPREAD * log_ndtr(t - BRIGHT / SPREAD) + (PIXELS - SPREAD) * log_ndtr(t)]
    else:
        one, six = ([log_ndtr(t - PEAK) + (PIXELS - 1) * log_ndtr(t - s)] for s in (SHIFT, -SHIFT))
    difference = np.exp(six[0]) - np.exp(one[0])
    return float(0.5 + np.abs(difference).max() / 2)


def ceiling(task: str, pools: tuple[str, ...]) -> float:
    """Return the expected share of right signs when each bit is guessed as well as the pools allow.

    With several candidates between which nothing decides, the best answer is the majority of their signs; else the sign
    of the map that the guessed bits name.

    Args:
        task: One of ``TASKS``.
        pools: The pools that are seen: "avg", "max" or both.

    Returns:
        Share between 0.5 and 1.

    Raises:
        ValueError: If ``task`` is not one of ``TASKS``.
    """
    if task not in TASKS:
        raise ValueError(f"task must be one of {TASKS}, got {task!r}")
    if task == "arrangement":
        return 0.75
    kinds = ("average", "maximum") if task == "both" else (task,)
    known, undecided = 1.0, 1
    for kind in kinds:
        chance = max(chance_of_bit(kind, pool) for pool in pools)
        if chance < 0.51:
            undecided *= 2
        else:
            known *= chance
    votes = [sum(signs) for signs in product((-1, 1), repeat=undecided - 1)]  # of the other candidates
    majority = sum(1 if vote + 1 > 0 else 0.5 if vote + 1 == 0 else 0 for vote in votes) / len(votes)
    return known * majority + (1 - known) * 0.5
