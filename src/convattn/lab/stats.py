"""Statistics of the experiments: paired differences over seeds, and the error bars that the papers leave out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats


class Difference(NamedTuple):
    """A mean difference with its confidence interval, in the unit of the data."""

    mean: float
    low: float
    high: float
    pairs: int | None  # None where the two methods were not paired

    @property
    def verdict(self) -> str:
        """Return "above", "below" when the interval excludes zero, else "cannot tell"."""
        return "above" if self.low > 0 else "below" if self.high < 0 else "cannot tell"


def paired_difference(a: Sequence[float], b: Sequence[float], *, confidence: float = 0.95) -> Difference:
    """Compare two methods that ran on the same seeds: the mean of ``a - b`` with Student's t interval.

    Args:
        a: One result for each seed.
        b: The other method's results, in the same order of seeds.
        confidence: Coverage of the interval, between 0 and 1.

    Returns:
        Mean, lower and upper end of the interval, and the number of pairs.

    Raises:
        ValueError: If ``a`` and ``b`` are not two lists of the same length of at least 2, or ``confidence`` is not
            between 0 and 1.
    """
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1 or len(x) < 2:
        raise ValueError(f"a and b must be lists of the same length >= 2, got shapes {x.shape} and {y.shape}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence!r}")
    difference = x - y
    mean, error = difference.mean(), difference.std(ddof=1) / np.sqrt(len(x))
    half = stats.t.ppf((1 + confidence) / 2, len(x) - 1) * error
    return Difference(float(mean), float(mean - half), float(mean + half), len(x))


def welch_difference(
    a: tuple[float, float, int], b: tuple[float, float, int], *, confidence: float = 0.95
) -> Difference:
    """Compare two methods of which only mean and spread were published: ``a - b`` with Welch's t interval.

    Args:
        a: Mean, sample standard deviation and number of runs, at least 2.
        b: The same of the other method.
        confidence: Coverage of the interval, between 0 and 1.

    Returns:
        Mean, lower and upper end of the interval; ``pairs`` is None.

    Raises:
        ValueError: If a standard deviation is not above 0 or a number of runs is less than 2.
    """
    variances = []
    for name, (_, sd, runs) in (("a", a), ("b", b)):
        if sd <= 0 or runs < 2:
            raise ValueError(f"{name} must have a standard deviation > 0 and at least 2 runs, got {sd!r} and {runs!r}")
        variances.append(sd**2 / runs)
    freedom = sum(variances) ** 2 / sum(v**2 / (runs - 1) for v, runs in zip(variances, (a[2], b[2]), strict=True))
    half = stats.t.ppf((1 + confidence) / 2, freedom) * np.sqrt(sum(variances))
    mean = a[0] - b[0]
    return Difference(float(mean), float(mean - half), float(mean + half), None)


def error_rate_se(percent: float, images: int = 50_000) -> float:
    """Return the binomial standard error, in percentage points, of an error rate measured on a test set.

    Args:
        percent: Error rate in percent, 0 to 100.
        images: Size of the test set; ImageNet's validation set has 50,000.

    Returns:
        Standard error in percentage points. That of the difference of two unpaired rates of about this size is
        larger by the square root of 2.

    Raises:
        ValueError: If ``percent`` is outside 0 to 100 or ``images`` is less than 1.
    """
    if not 0 <= percent <= 100:
        raise ValueError(f"percent must be between 0 and 100, got {percent!r}")
    if images < 1:
        raise ValueError(f"images must be >= 1, got {images!r}")
    p = percent / 100
    return 100 * float(np.sqrt(p * (1 - p) / images))
