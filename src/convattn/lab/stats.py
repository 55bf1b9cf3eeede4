"""Statistics of the experiments: paired differences over seeds, families, and the error bars that papers leave out."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeVar

import numpy as np
from scipy import stats

Key = TypeVar("Key", bound=Hashable)


class Difference(NamedTuple):
    """A mean difference with its 95 % interval, in the unit of the data, and the test of no difference.

    The interval is that of this difference alone. The verdict is by ``p``, which in a family is corrected for its size.
    """

    mean: float
    low: float
    high: float
    pairs: int | None  # None where the two methods were not paired
    p: float
    family: int = 1  # number of contrasts that ``p`` is corrected for

    @property
    def verdict(self) -> Literal["above", "below", "cannot tell"]:
        """Return "above" or "below" zero if ``p`` is below 0.05, else "cannot tell"."""
        return "cannot tell" if self.p >= 0.05 else "above" if self.mean > 0 else "below"


def paired_difference(a: Sequence[float], b: Sequence[float]) -> Difference:
    """Compare two methods that ran on the same seeds: the mean of ``a - b`` with Student's t interval and test.

    Args:
        a: One result for each seed.
        b: The other method's results, in the same order of seeds.

    Returns:
        The difference; differences without any spread have an interval of no width, and p is 0, or 1 if they are 0.

    Raises:
        ValueError: If ``a`` and ``b`` are not two lists of finite numbers of the same length of at least 2.
    """
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1 or len(x) < 2:
        raise ValueError(f"a and b must be lists of the same length >= 2, got shapes {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError(f"a and b must be finite numbers, got {a!r} and {b!r}")
    difference = x - y
    error = difference.std(ddof=1) / np.sqrt(len(x))
    return Difference(
        *_t_interval(difference.mean(), error, len(x) - 1), len(x), _t_test(difference.mean(), error, len(x) - 1)
    )


def family(pairs: Mapping[Key, tuple[Sequence[float], Sequence[float]]]) -> dict[Key, Difference]:
    """Compare several pairs of methods: :func:`paired_difference` of each, corrected for their number.

    The correction is that of Holm (1979), which holds the chance of any wrong verdict in the family below 5 %.

    Args:
        pairs: The results of the two methods by contrast, at least one.

    Returns:
        The differences by contrast.
    """
    found = {key: paired_difference(a, b) for key, (a, b) in pairs.items()}
    corrected = holm([difference.p for difference in found.values()])
    return {k: d._replace(p=p, family=len(found)) for (k, d), p in zip(found.items(), corrected, strict=True)}


def holm(p: Sequence[float]) -> list[float]:
    """Correct the p values of a family by Holm's step-down method.

    The smallest of m values is multiplied by m, the next by m - 1 and so on; none may be smaller than one before it.

    Args:
        p: The values, at least one, each between 0 and 1.

    Returns:
        The corrected values in the same order, at most 1.

    Raises:
        ValueError: If ``p`` is empty or a value is not between 0 and 1.
    """
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"p must be a list of values between 0 and 1, at least one, got {p!r}")
    order = np.argsort(values)
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(steps, 1)
    return corrected.tolist()


def welch_difference(a: tuple[float, float, int], b: tuple[float, float, int]) -> Difference:
    """Compare two methods of which only mean and spread were published: ``a - b`` with Welch's t interval and test.

    Args:
        a: Mean, sample standard deviation and number of runs, at least 2.
        b: The same of the other method.

    Returns:
        The difference; ``pairs`` is None.

    Raises:
        ValueError: If a mean is not finite, a standard deviation not finite and above 0, or a number of runs less
            than 2.
    """
    variances = []
    for name, (mean, sd, runs) in (("a", a), ("b", b)):
        if not np.isfinite(mean):
            raise ValueError(f"{name} must have a finite mean, got {mean!r}")
        if not 0 < sd < np.inf or runs < 2:
            raise ValueError(f"{name} must have a standard deviation > 0 and at least 2 runs, got {sd!r} and {runs!r}")
        variances.append(sd**2 / runs)
    freedom = sum(variances) ** 2 / sum(v**2 / (runs - 1) for v, runs in zip(variances, (a[2], b[2]), strict=True))
    mean, error = a[0] - b[0], float(np.sqrt(sum(variances)))
    return Difference(*_t_interval(mean, error, freedom), None, _t_test(mean, error, freedom))


def _t_interval(mean: float, error: float, freedom: float) -> tuple[float, float, float]:
    half = stats.t.ppf(0.975, freedom) * error
    return float(mean), float(mean - half), float(mean + half)


def _t_test(mean: float, error: float, freedom: float) -> float:
    if error == 0:
        return float(mean == 0)
    return float(2 * stats.t.sf(abs(mean) / error, freedom))


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
