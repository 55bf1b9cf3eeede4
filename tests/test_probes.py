"""The context probe: its images follow their definition, and its ceilings are what simulation and arithmetic give."""

import numpy as np
import pytest

from convattn.lab import probes


def test_answer_is_the_map_that_the_context_names():
    x, answer, first = probes.context(np.random.default_rng(0), 200)
    assert x.shape == (200, 8, 12, 12)
    assert set(x[:, :2].unique().tolist()) == {-1.0, 1.0}
    for image, truth, zero in zip(x, answer, first, strict=True):
        assert ((image[0 if zero else 1] > 0).float() == truth[0]).all()
    decoy = (x[:, 1] > 0).float()[first]
    assert abs((decoy == answer[first, 0]).float().mean() - 0.5) < 0.02  # independent signs: 0.5, sd 0.004


def test_context_channel_has_the_stated_mean_and_the_rest_is_noise():
    x, _, first = probes.context(np.random.default_rng(0), 2000, shift=0.5)
    # 1,000 x 144 values of sd 1 in each context: the mean has sd 0.0026
    assert abs(x[first, 2].mean() - 0.5) < 0.015
    assert abs(x[~first, 2].mean() + 0.5) < 0.015
    assert abs(x[:, 3:].mean()) < 0.01
    assert abs(x[:, 3:].std() - 1) < 0.01


def test_same_generator_same_images():
    a, b = (probes.context(np.random.default_rng(5), 3) for _ in range(2))
    assert all((p == q).all() for p, q in zip(a, b, strict=True))


@pytest.mark.parametrize(("pixels", "expected"), [(0, 0.75), (1, 0.79935), (64, 0.98862)])
def test_ceiling_from_a_table_of_the_normal_distribution(pixels, expected):
    # Phi(0.25) = 0.59871 and Phi(2) = 0.97725, so 0.5 + Phi / 2
    assert probes.context_ceiling(pixels) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("pixels", [9, 144])
def test_ceiling_by_simulation(pixels):
    rng = np.random.default_rng(0)
    mean = (rng.standard_normal((20_000, pixels)) + 0.25).mean(axis=1)
    right = np.where(mean > 0, 1.0, 0.5).mean()  # a wrong guess is still right where the maps agree
    assert right == pytest.approx(probes.context_ceiling(pixels), abs=0.01)  # sd 0.002


def test_window_ceiling_counts_the_pixels_inside_the_map():
    # 3 x 3 on 2 x 2: every position sees all 4 pixels; on 3 x 3: 4 corners see 4, 4 edges 6, the centre 9
    assert probes.window_ceiling(3, size=2) == pytest.approx(probes.context_ceiling(4))
    expected = (4 * probes.context_ceiling(4) + 4 * probes.context_ceiling(6) + probes.context_ceiling(9)) / 9
    assert probes.window_ceiling(3, size=3) == pytest.approx(expected)
    assert probes.window_ceiling(23) == pytest.approx(probes.context_ceiling(144))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: probes.context(rng, 0), "images must be >= 1, got 0"),
        (lambda rng: probes.context(rng, 1, channels=2), "channels must be >= 3, got 2"),
        (lambda rng: probes.context(rng, 1, size=0), "size must be >= 1, got 0"),
        (lambda rng: probes.context(rng, 1, shift=-1.0), "shift must be >= 0, got -1.0"),
        (lambda rng: probes.context_ceiling(-1), "pixels and shift must be >= 0, got -1 and 0.25"),
        (lambda rng: probes.window_ceiling(4), "window must be odd and >= 1, got 4"),
        (lambda rng: probes.window_ceiling(3, size=0), "size must be >= 1, got 0"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        call(np.random.default_rng(0))
