"""Statistics against values worked out by hand and from a table of Student's t."""

import math

import numpy as np
import pytest
from scipy.stats import ttest_ind, ttest_rel

from convattn.lab import stats


def test_paired_difference_by_hand():
    # differences 1, 2, 3: mean 2, sd 1, standard error 1 / sqrt 3 = 0.57735; t(0.975, 2) = 4.30265 (tables).
    # t = 2 sqrt 3 = 3.4641; with 2 degrees of freedom p = 1 - t / sqrt(t^2 + 2) = 1 - sqrt(12 / 14) = 0.07418
    d = stats.paired_difference([2, 4, 6], [1, 2, 3])
    assert d == pytest.approx((2, 2 - 4.30265 * 0.57735, 2 + 4.30265 * 0.57735, 3, 0.07418, 1), abs=1e-4)
    assert d.verdict == "cannot tell"


def test_pairing_matters():
    # the same differences of 1 in every pair: no spread, although the seeds differ widely
    d = stats.paired_difference([11, 21, 31], [10, 20, 30])
    assert d == pytest.approx((1, 1, 1, 3, 0, 1))
    assert d.verdict == "above"
    assert stats.paired_difference([10, 20, 30], [11, 21, 31]).verdict == "below"
    same = stats.paired_difference([1, 2, 3], [1, 2, 3])
    assert (same.mean, same.p, same.verdict) == (0, 1, "cannot tell")


@pytest.mark.parametrize("shift", [0.5, 1.0, 1.5, 2.0])
def test_verdict_and_interval_agree_for_a_single_contrast(shift):
    d = stats.paired_difference(np.array([0.0, 1.0, 2.0, 3.0]) + shift, [1.5] * 4)
    assert (d.verdict == "above") == (d.low > 0)
    assert d.p == pytest.approx(ttest_rel(np.array([0.0, 1.0, 2.0, 3.0]) + shift, [1.5] * 4).pvalue)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([1], [2], r"same length >= 2, got shapes \(1,\) and \(1,\)"),
        ([1, 2], [1, 2, 3], r"got shapes \(2,\) and \(3,\)"),
    ],
)
def test_bad_pairs(a, b, message):
    with pytest.raises(ValueError, match=message):
        stats.paired_difference(a, b)


@pytest.mark.parametrize(
    ("p", "corrected"),
    [
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),  # 3 * 0.01; 2 * 0.03; 0.04 alone, but no less than 0.06
        ([0.04, 0.001], [0.04, 0.002]),
        ([0.5, 0.9, 0.6], [1.0, 1.0, 1.0]),
        ([0.02, 0.02], [0.04, 0.04]),
        ([0.03], [0.03]),
    ],
)
def test_holm_by_hand(p, corrected):
    assert stats.holm(p) == pytest.approx(corrected)


@pytest.mark.parametrize("p", [[], [0.5, 1.1], [-0.1], [float("nan")]])
def test_holm_refuses(p):
    with pytest.raises(ValueError, match="p must be a list of values between 0 and 1"):
        stats.holm(p)


def test_a_family_is_corrected_and_its_members_keep_their_intervals():
    rng = np.random.default_rng(4)
    pairs = {name: (rng.normal(shift, 1, 10), np.zeros(10)) for name, shift in (("a", 2), ("b", 0.9), ("c", 0))}
    alone = {name: stats.paired_difference(*pair) for name, pair in pairs.items()}
    found = stats.family(pairs)
    assert {d.family for d in found.values()} == {3}
    assert [d[:4] for d in found.values()] == [d[:4] for d in alone.values()]
    assert found["a"].p == pytest.approx(3 * alone["a"].p)
    assert alone["b"].verdict == "above"
    assert found["b"].verdict == "cannot tell"  # p = 0.04 alone, twice that in the family


def test_a_family_without_differences_has_a_wrong_verdict_in_one_case_of_twenty():
    rng, wrong = np.random.default_rng(1), 0
    for _ in range(400):
        pairs = {i: (rng.standard_normal(6), np.zeros(6)) for i in range(20)}
        wrong += any(d.verdict != "cannot tell" for d in stats.family(pairs).values())
    assert wrong / 400 < 0.05 + 2.5 * (0.05 * 0.95 / 400) ** 0.5  # uncorrected it would be 64 %


def test_welch_difference_against_scipy():
    a, b = [3.0, 5.0, 4.0, 8.0], [1.0, 2.0, 4.0]
    d = stats.welch_difference((np.mean(a), np.std(a, ddof=1), 4), (np.mean(b), np.std(b, ddof=1), 3))
    test = ttest_ind(a, b, equal_var=False)
    expected = test.confidence_interval(0.95)
    assert d[:3] == pytest.approx((5 - 7 / 3, expected.low, expected.high))
    assert d.p == pytest.approx(test.pvalue)
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


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_gets_no_verdict(wrong):
    with pytest.raises(ValueError, match="a and b must be finite numbers"):
        stats.paired_difference([1.0, wrong, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="a and b must be finite numbers"):
        stats.family({"one": ([1.0, 2.0], [wrong, 2.0])})
    with pytest.raises(ValueError, match="a must have a finite mean"):
        stats.welch_difference((wrong, 1.0, 3), (1.0, 1.0, 3))
    with pytest.raises(ValueError, match="b must have a standard deviation > 0"):
        stats.welch_difference((1.0, 1.0, 3), (1.0, wrong, 3))
    with pytest.raises(ValueError, match="percent must be between 0 and 100"):
        stats.error_rate_se(wrong)
    with pytest.raises(ValueError, match="p must be a list of values between 0 and 1"):
        stats.holm([0.5, wrong])
