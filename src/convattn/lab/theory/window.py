"""How well a window sees a bright square in noise, with the best weights and with weights learned from examples.

The noise of a pixel has standard deviation 1, and a square of s x s pixels is brighter by D / s, so that its sum stands
D standard deviations above that of noise. A window of k x k pixels (k and s odd) centred on it sees min(k, s)^2 pixels
of it. Its weights are a template: the average of n windows cut out around such squares. The signal-to-noise ratio of
a window is how far the square lifts its weighted sum, in standard deviations of that sum over noise alone.

That is for white noise. In noise that is correlated the best weights are others, and a window larger than the square
can gain by looking at what the noise is beside it: :func:`correlated_snr`.

The functions take k as ``window``, s as ``size``, n as ``examples`` (infinity is the true template) and D, the ratio of
a window of the square's own size with the true template, as ``detectability``. They raise ValueError if k or s is even
or less than 1, or n less than 1.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

DETECTABILITY = 5.0


def _check(window: int, size: int, examples: float) -> None:
    for name, value in (("window", window), ("size", size)):
        if value < 1 or value % 2 == 0:
            raise ValueError(f"{name} must be odd and >= 1, got {value!r}")
    if examples < 1:
        raise ValueError(f"examples must be >= 1, got {examples!r}")


def _square(window: int, size: int, detectability: float) -> NDArray[np.float64]:
    distance = np.abs(np.arange(window) - window // 2)
    return np.where(np.maximum.outer(distance, distance) <= size // 2, detectability / size, 0.0).ravel()


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
    square = _square(window, size, detectability)
    weights = square + rng.standard_normal((trials, examples, window**2)).mean(axis=1)
    empty, filled = rng.standard_normal((2, trials, window**2))
    lift = (weights * (filled + square)).sum(axis=1).mean() - (weights * empty).sum(axis=1).mean()
    return float(lift / (weights * empty).sum(axis=1).std())


def covariance(window: int, length: float) -> NDArray[np.float64]:
    """Return the covariance (k², k²) of the pixels of a window in noise that correlates by exp(-distance / length)."""
    places = np.stack(np.divmod(np.arange(window**2), window), axis=1)
    distance = np.linalg.norm(places[:, None] - places[None], axis=-1)
    return np.exp(-distance / length) if length else np.eye(window**2)


def best_weights(window: int, size: int, length: float, *, detectability: float = DETECTABILITY) -> NDArray[np.float64]:
    r"""Return the weights (k, k) with the highest signal-to-noise ratio: :math:`\Sigma^{-1} t` for the template t."""
    weights = np.linalg.solve(covariance(window, length), _square(window, size, detectability))
    return weights.astype(np.float64).reshape(window, window)


def correlated_snr(window: int, size: int, length: float, *, detectability: float = DETECTABILITY) -> float:
    r"""Return the signal-to-noise ratio of a window with the best weights, :math:`\sqrt{t^\top \Sigma^{-1} t}`."""
    template = _square(window, size, detectability)
    return float(np.sqrt(template @ best_weights(window, size, length, detectability=detectability).ravel()))
