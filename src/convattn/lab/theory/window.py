"""How well a window sees a bright square in noise, with the best weights and with weights learned from examples.

The noise of a pixel has standard deviation 1, and a square of s x s pixels is brighter by D / s, so that its sum stands
D standard deviations above that of noise. A window of k x k pixels (k and s odd) centred on it sees min(k, s)^2 pixels
of it. Its weights are a template: the average of n windows cut out around such squares. The signal-to-noise ratio of
a window is how far the square lifts its weighted sum, in standard deviations of that sum over noise alone.

The functions take k as ``window``, s as ``size``, n as ``examples`` (infinity is the true template) and D, the ratio of
a window of the square's own size with the true template, as ``detectability``. They raise ValueError if k or s is even
or less than 1, or n less than 1.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

DETECTABILITY = 5.0


def _check(window: int, size: int, examples: float) -> None:
    for name, value in (("window", window), ("size", size)):
        if value < 1 or value % 2 == 0:
            raise ValueError(f"{name} must be odd and >= 1, got {value!r}")
    if examples < 1:
        raise ValueError(f"examples must be >= 1, got {examples!r}")


def snr(window: int, size: int, *, examples: float = np.inf, detectability: float = DETECTABILITY) -> float:
    r"""Return the signal-to-noise ratio of a window.

    The windows that are averaged differ from the true template, whose squares sum to
    :math:`\delta^2 = (D \min(k, s) / s)^2`, by noise of variance :math:`1/n` in each of their :math:`k^2` taps, so
    the ratio is close to :math:`\delta^2 / \sqrt{\delta^2 + k^2 / n}`.
    """
    _check(window, size, examples)
    signal = (detectability * min(window, size) / size) ** 2
    return float(signal / np.sqrt(signal + window**2 / examples))


def simulate_snr(
    rng: Generator, window: int, size: int, *, examples: int, detectability: float = DETECTABILITY, trials: int = 1000
) -> float:
    """Measure the same with drawn examples: the mean lift of the weighted sums over their deviation on noise.

    Each of ``trials`` templates is tried on one window with the square and one without.
    """
    _check(window, size, examples)
    distance = np.abs(np.arange(window) - window // 2)
    square = np.where(np.maximum.outer(distance, distance) <= size // 2, detectability / size, 0.0).ravel()
    weights = square + rng.standard_normal((trials, examples, window**2)).mean(axis=1)
    empty, filled = rng.standard_normal((2, trials, window**2))
    lift = (weights * (filled + square)).sum(axis=1).mean() - (weights * empty).sum(axis=1).mean()
    return float(lift / (weights * empty).sum(axis=1).std())
