"""The filter bank: what each channel answers to, on images made so that the answer is known."""

import numpy as np
import pytest

from convattn.lab.show import photograph as filters

NAMES = list(filters.FILTERS)


def bank(image):
    return dict(zip(NAMES, filters.filter_bank(image), strict=True))


def test_photograph():
    small = filters.photograph()
    assert small.shape == (3, 150, 128)
    assert 0 <= small.min() < small.max() <= 1
    full = filters.photograph(1)
    assert full.shape == (3, 600, 512)
    assert small[1, 2, 3] == pytest.approx(full[1, 8:12, 12:16].mean())  # the mean of a 4 x 4 block
    assert filters.photograph(7).shape == (3, 85, 73)  # the rest is cut off
    with pytest.raises(ValueError, match="shrink must be an integer >= 1, got 0"):
        filters.photograph(0)


def test_the_three_scales_sum_to_the_brightness():
    image = np.random.default_rng(0).random((3, 20, 30))
    maps = bank(image)
    total = maps["fine detail"] + maps["centre-surround"] + maps["blur"]
    np.testing.assert_allclose(total, image.mean(axis=0), atol=1e-12)


def test_colours_and_a_flat_image():
    image = np.full((3, 16, 16), 0.25)
    image[0] = 0.75
    maps = bank(image)
    assert (maps["red"] == 0.75).all()
    assert (maps["blue"] == 0.25).all()
    for name in NAMES[3:9]:  # nothing changes, so no edges and no detail
        np.testing.assert_allclose(maps[name], 0, atol=1e-12)
    np.testing.assert_allclose(maps["blur"], (0.75 + 0.25 + 0.25) / 3)


@pytest.mark.parametrize(
    ("angle", "name", "other"),
    [(0, "edges |", "edges —"), (90, "edges —", "edges |"), (45, "edges /", "edges \\"), (135, "edges \\", "edges /")],
)
def test_edges_answer_to_their_direction(angle, name, other):
    # brightness rises along the direction (cos, sin) of x and y; y points down in an image
    y, x = np.mgrid[:24, :24]
    ramp = 0.5 + 0.01 * (np.cos(np.radians(angle)) * x + np.sin(np.radians(angle)) * y)
    for image in (ramp, 1 - ramp):  # both polarities
        maps = bank(np.stack([image] * 3))
        inner = {n: maps[n][8:16, 8:16] for n in NAMES[3:7]}
        np.testing.assert_allclose(inner[name], 0.01, rtol=1e-2)  # the slope
        assert inner[other].max() < 1e-6
        assert max(inner, key=lambda n: inner[n].mean()) == name


def test_bad_image():
    with pytest.raises(ValueError, match=r"image must have shape \(3, H, W\), got \(1, 4, 4\)"):
        filters.filter_bank(np.zeros((1, 4, 4)))
