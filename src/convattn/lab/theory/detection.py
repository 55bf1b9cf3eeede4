"""Is there something in the map? How well its average and its maximum can tell, calculated and simulated.

The map has N independent pixels of Gaussian noise with standard deviation 1. With probability 1/2 a target is there: n
of the pixels are brighter by a. A rule looks at one number, the average or the maximum of the map, and says "target"
above a threshold, the best one. Its rate of right answers is 1/2 for a rule that learns nothing, 1 for a perfect one.

The functions take N as ``pixels``, n as ``target`` and a as ``amplitude``, in standard deviations of the noise; they
raise ValueError if n is not between 1 and N.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import root_scalar
from scipy.special import log_ndtr
from scipy.stats import norm

Array = NDArray[np.float64]


def _check(pixels: int, target: int) -> None:
    if pixels < 1 or not 1 <= target <= pixels:
        raise ValueError(f"target must be between 1 and pixels, got {target!r} of {pixels!r}")


def average_rate(pixels: int, target: int, amplitude: float) -> float:
    """Return the rate of right answers from the average.

    The target shifts the average by n a / N, its standard deviation is 1 / sqrt(N), and the best threshold lies
    halfway: the rate is Phi(n a / (2 sqrt(N))).
    """
    _check(pixels, target)
    return float(norm.cdf(target * amplitude / (2 * pixels**0.5)))


def _maximum_rates(pixels: int, target: int, amplitude: float, thresholds: ArrayLike) -> Array:
    # P(maximum <= t) = Phi(t)^N without and Phi(t)^(N-n) Phi(t-a)^n with the target; logarithms keep large N exact
    t = np.asarray(thresholds, dtype=np.float64)
    silent = np.exp(pixels * log_ndtr(t))
    missed = np.exp((pixels - target) * log_ndtr(t) + target * log_ndtr(t - amplitude))
    return (silent + 1 - missed) / 2


def maximum_threshold(pixels: int, target: int, amplitude: float) -> float:
    """Return the best threshold for the maximum, to 0.001."""
    _check(pixels, target)
    t = np.arange(-1.0, 7.0 + max(amplitude, 0.0), 0.001)
    return float(t[np.argmax(_maximum_rates(pixels, target, amplitude, t))])


def maximum_rate(pixels: int, target: int, amplitude: float) -> float:
    """Return the rate of right answers from the maximum.

    All N pixels stay below t with probability Phi(t)^N without a target, and Phi(t)^(N-n) Phi(t-a)^n with it. The rate
    is (Phi(t)^N + 1 - Phi(t)^(N-n) Phi(t-a)^n) / 2 at the best t.
    """
    t = maximum_threshold(pixels, target, amplitude)
    return float(_maximum_rates(pixels, target, amplitude, t))


def boundary(pixels: int, target: int) -> float:
    """Return the amplitude above which the maximum is the better detector.

    There the two rates are equal; it is infinity if that happens only where both are above 0.999.
    """

    def gain(amplitude: float) -> float:
        return maximum_rate(pixels, target, amplitude) - average_rate(pixels, target, amplitude)

    previous = 0.1
    for amplitude in np.arange(0.2, 12.0, 0.2):
        if average_rate(pixels, target, amplitude) > 0.999:
            break
        if gain(previous) < 0 <= gain(amplitude):
            return float(root_scalar(gain, bracket=(previous, amplitude), xtol=1e-3).root)
        previous = amplitude
    return float("inf")


def simulate(
    rng: Generator, pixels: int, targets: ArrayLike, amplitudes: ArrayLike, *, trials: int = 2000
) -> tuple[Array, Array]:
    """Measure both rates with drawn maps, at the calculated thresholds; the same noise serves every target.

    Args:
        rng: Source of the noise.
        pixels: N.
        targets: Several n.
        amplitudes: Several a.
        trials: Number of maps with a target, and of maps without.

    Returns:
        Rates of the average and of the maximum, each (targets, amplitudes).
    """
    targets, amplitudes = np.atleast_1d(targets), np.atleast_1d(amplitudes)
    empty, filled = rng.standard_normal((2, trials, pixels), dtype=np.float32)
    rates = np.empty((2, len(targets), len(amplitudes)))
    for i, n in enumerate(targets):
        inside = filled[:, :n].max(axis=1)  # which pixels does not matter: neither pool knows the place
        outside = filled[:, n:].max(axis=1) if n < pixels else np.full(trials, -np.inf)
        for j, a in enumerate(amplitudes):
            values = {
                "average": (empty.mean(axis=1), filled.mean(axis=1) + n * a / pixels, n * a / pixels / 2),
                "maximum": (empty.max(axis=1), np.maximum(inside + a, outside), maximum_threshold(pixels, n, a)),
            }
            for k, (without, with_target, threshold) in enumerate(values.values()):
                rates[k, i, j] = ((without <= threshold).mean() + (with_target > threshold).mean()) / 2
    return rates[0], rates[1]
