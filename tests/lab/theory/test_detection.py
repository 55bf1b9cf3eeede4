"""Detection by average and maximum: calculated rates against arithmetic, symmetry and simulation."""

import math

import numpy as np
import pytest

from convattn.lab.theory import detection


def test_average_rate_from_a_table_of_the_normal_distribution():
    # n a / (2 sqrt N) = 4 * 2 / (2 * 4) = 1, and Phi(1) = 0.84134
    assert detection.average_rate(16, 4, 2.0) == pytest.approx(0.84134, abs=1e-5)


def test_of_a_single_pixel_average_and_maximum_are_the_same():
    for amplitude in (0.5, 2.0, 4.0):
        # the threshold lies on a grid of 0.001, and the rate is flat there
        assert detection.maximum_rate(1, 1, amplitude) == pytest.approx(
            detection.average_rate(1, 1, amplitude), abs=1e-6
        )


def test_maximum_rate_by_hand_for_two_pixels():
    # P(max <= t) is Phi(t)^2 without and Phi(t) Phi(t - 3) with the target.
    # At t = 1.75, near the best: Phi(1.75) = 0.95994 and Phi(-1.25) = 0.10565
    near = (0.95994**2 + 1 - 0.95994 * 0.10565) / 2  # 0.91003
    assert near <= detection.maximum_rate(2, 1, 3.0) <= near + 5e-4


def test_no_amplitude_no_knowledge():
    assert detection.average_rate(64, 5, 0.0) == 0.5
    assert detection.maximum_rate(64, 5, 0.0) == pytest.approx(0.5)


def test_rates_grow_with_amplitude_and_size():
    for rate in (detection.average_rate, detection.maximum_rate):
        by_amplitude = [rate(256, 4, a) for a in (0.5, 1, 2, 4, 8)]
        by_size = [rate(256, n, 1.5) for n in (1, 4, 16, 64)]
        assert by_amplitude == sorted(by_amplitude)
        assert by_size == sorted(by_size)


def test_larger_map_of_noise_is_harder_for_both():
    for rate in (detection.average_rate, detection.maximum_rate):
        assert rate(64, 4, 3.0) > rate(1024, 4, 3.0)


@pytest.mark.parametrize(("pixels", "target"), [(1024, 1), (1024, 16), (144, 4)])
def test_at_the_boundary_both_are_equal_and_the_maximum_wins_above(pixels, target):
    amplitude = detection.boundary(pixels, target)
    rates = [rate(pixels, target, amplitude) for rate in (detection.average_rate, detection.maximum_rate)]
    assert rates[0] == pytest.approx(rates[1], abs=1e-3)
    assert detection.maximum_rate(pixels, target, amplitude + 0.5) > detection.average_rate(
        pixels, target, amplitude + 0.5
    )
    assert detection.maximum_rate(pixels, target, amplitude - 0.5) < detection.average_rate(
        pixels, target, amplitude - 0.5
    )


def test_a_target_that_fills_the_map_is_for_the_average():
    assert detection.boundary(1024, 1024) == math.inf


def test_simulation_agrees_with_the_calculation():
    targets, amplitudes = [1, 8, 64], [0.5, 2.0, 4.0]
    measured = detection.simulate(np.random.default_rng(0), 256, targets, amplitudes, trials=4000)
    for rate, found in zip((detection.average_rate, detection.maximum_rate), measured, strict=True):
        for i, n in enumerate(targets):
            for j, a in enumerate(amplitudes):
                # a rate of 8,000 trials has a standard error of at most 0.0056
                assert found[i, j] == pytest.approx(rate(256, n, a), abs=0.025), (rate.__name__, n, a)


@pytest.mark.parametrize("target", [0, 17])
def test_bad_target(target):
    for function in (detection.average_rate, detection.maximum_rate, detection.maximum_threshold):
        with pytest.raises(ValueError, match=f"target must be between 1 and pixels, got {target} of 16"):
            function(16, target, 1.0)
