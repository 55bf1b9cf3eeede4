"""Statistics against values worked out by hand and from a table of Student's t."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from convattn.lab import stats


def test_paired_difference_by_hand():
    # differences 1, 2, 3: mean 2, sd 1, standard error 1 / sqrt 3 = 0.57735; t(0.975, 2) = 4.30265 (tables)
    d = stats.paired_difference([2, 4, 6], [1, 2, 3])
    assert d == pytest.approx((2, 2 - 4.30265 * 0.57735, 2 + 4.30265 * 0.57735, 3), abs=1e-4)
    assert d.verdict == "cannot tell"


def test_pairing_matters():
    # the same differences of 1 in every pair: no spread, although the seeds differ widely
    d = stats.paired_difference([11, 21, 31], [10, 20, 30])
    assert d == pytest.approx((1, 1, 1, 3))
    assert d.verdict == "above"
    assert stats.paired_difference([10, 20, 30], [11, 21, 31]).verdict == "below"


def test_confidence():
    # t(0.95, 2) = 2.91999 (tables)
    d = stats.paired_difference([2, 4, 6], [1, 2, 3], confidence=0.9)
    assert d.high - d.mean == pytest.approx(2.91999 * 0.57735, abs=1e-4)


@pytest.mark.parametrize(
    ("a", "b", "confidence", "message"),
    [
        ([1], [2], 0.95, r"same length >= 2, got shapes \(1,\) and \(1,\)"),
        ([1, 2], [1, 2, 3], 0.95, r"got shapes \(2,\) and \(3,\)"),
        ([1, 2], [1, 2], 1.0, "confidence must be between 0 and 1, got 1.0"),
    ],
)
def test_bad_pairs(a, b, confidence, message):
    with pytest.raises(ValueError, match=message):
        stats.paired_difference(a, b, confidence=confidence)


def test_welch_difference_against_scipy():
    a, b = [3.0, 5.0, 4.0, 8.0], [1.0, 2.0, 4.0]
    d = stats.welch_difference((np.mean(a), np.std(a, ddof=1), 4), (np.mean(b), np.std(b, ddof=1), 3))
    expected = ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    assert d[:3] == pytest.approx((5 - 7 / 3, expected.low, expected.high))
    with pytest.raises(ValueError, match=r"^b must have a standard deviation > 0 and at least 2 runs, got 0\.5 and 1$"):
        stats.welch_difference((1, 0.5, 5), (1, 0.5, 1))


def test_error_rate_se():
    # sqrt(0.2228 * 0.7772 / 50000) = 0.0018609
    assert stats.error_rate_se(22.28) == pytest.approx(0.18609, abs=1e-5)
    assert stats.error_rate_se(50, images=100) == pytest.approx(5)
    assert stats.error_rate_se(0) == 0
    with pytest.raises(ValueError, match="percent must be between 0 and 100, got 120"):
        stats.error_rate_se(120)
    with pytest.raises(ValueError, match="images must be >= 1, got 0"):
        stats.error_rate_se(20, images=0)
