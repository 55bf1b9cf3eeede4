"""The place probe: its images, its measures and the rate without a gate."""

import numpy as np
import pytest
import torch

from convattn.lab import runs
from convattn.lab.experiments import places


def drawn(images=200, **probe):
    return places.draw(np.random.default_rng(0), images, **probe)


@pytest.mark.parametrize(("sizes", "side"), [((5,), 28), ((3,), 14), ((3, 5, 9), 28), ((14,), 14), ((1,), 3)])
def test_cells_have_one_sign_each_and_the_targets_is_the_answer(sizes, side):
    x, answer, mask = drawn(images=30, sizes=sizes, side=side)
    assert x.shape == (30, 8, side, side)
    assert (x.dtype, mask.dtype) == (torch.float32, torch.bool)
    torch.testing.assert_close(x[:, 1], -x[:, 0], rtol=0, atol=0)
    for image, sign, inside in zip(x[:, 0].numpy(), answer.numpy(), mask[:, 0].numpy(), strict=True):
        rows, columns = np.nonzero(inside)
        size = int(np.sqrt(len(rows)))
        assert size in sizes
        assert np.ptp(rows) == np.ptp(columns) == size - 1
        assert np.all(image[inside] == 2 * sign - 1)
        for i in range(rows[0] % size - size, side, size):  # every cell of the tiling that the target lies in
            for j in range(columns[0] % size - size, side, size):
                cell = image[max(i, 0) : i + size, max(j, 0) : j + size]
                assert cell.size == 0 or abs(cell.mean()) == 1


def test_signs_are_as_often_positive_as_negative_and_places_reach_the_edges():
    x, answer, mask = drawn(images=2000, side=7)
    assert answer.mean() == pytest.approx(0.5, abs=0.05)
    assert x[:, 0].mean() == pytest.approx(0, abs=0.05)
    assert set(mask.flatten(2).int().argmax(dim=2).flatten().tolist()) == {
        7 * i + j for i in range(3) for j in range(3)
    }


@pytest.mark.parametrize("size", [3, 9])
def test_the_target_has_the_stated_brightness(size):
    x, _, mask = drawn(images=400, sizes=(size,))
    noisy, inside = x[:, 2:].mean(dim=1), mask[:, 0]
    assert noisy[inside].mean() - noisy[~inside].mean() == pytest.approx(5 / (size * 6**0.5), abs=0.02)
    assert noisy[~inside].std() == pytest.approx(6**-0.5, abs=0.01)
    window = (noisy * inside).sum(dim=(1, 2)) / size  # the sum over the target, in units of 1 / sqrt(6)
    assert window.mean() * 6**0.5 == pytest.approx(places.DETECTABILITY, abs=0.2)


def test_specks_add_their_brightness_to_single_pixels_of_all_noisy_channels():
    plain, specks = (drawn(images=100, specks=n)[0] for n in (0, 20))
    noisy = specks[:, 2:].mean(dim=1) - plain[:, 2:].mean(dim=1)  # same noise
    bright = noisy > 1
    assert noisy[bright].mean() == pytest.approx(5 / 6**0.5, rel=0.01)
    assert 19 < bright.sum() / 100 < 20  # now and then two fall on one pixel
    assert noisy[~bright].abs().max() < 1e-6
    torch.testing.assert_close(specks[:, :2], plain[:, :2])


def test_neither_pool_across_channels_sees_the_signs():
    x, _, _ = drawn()
    swapped = x.clone()
    swapped[:, :2] *= -1
    torch.testing.assert_close(swapped.mean(dim=1), x.mean(dim=1), rtol=0, atol=1e-6)
    torch.testing.assert_close(swapped.amax(dim=1), x.amax(dim=1), rtol=0, atol=0)


def test_measures_by_hand():
    gate = torch.tensor([[[[0.1, 0.2], [0.3, 0.4]]], [[[0.5, 0.1], [0.1, 0.3]]]])
    mask = torch.tensor([[[[0, 0], [1, 1]]], [[[0, 1], [0, 1]]]]).bool()
    assert places.pointing(gate, mask) == 0.5
    assert places.mass_inside(gate, mask) == pytest.approx((0.7 + 0.4) / 2)


@pytest.mark.parametrize(("size", "side"), [(3, 14), (5, 28), (9, 28)])
def test_the_rate_without_a_gate_agrees_with_drawn_images(size, side):
    x, answer, _ = drawn(images=4000, sizes=(size,), side=side)
    measured = ((x[:, 0].sum(dim=(1, 2)) > 0) == (answer > 0.5)).float().mean().item()
    assert places.ceiling(size, side) == pytest.approx(measured, abs=0.025)


def test_a_target_that_fills_the_map_needs_no_gate():
    assert places.ceiling(7, 7) == 1.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"images": 0}, "images must be >= 1, got 0"),
        ({"images": 1, "specks": -1}, "specks must be >= 0, got -1"),
        ({"images": 1, "sizes": (3, 29)}, r"sizes must be between 1 and side = 28, got \(3, 29\)"),
        ({"images": 1, "sizes": (0,)}, r"sizes must be between 1 and side = 28, got \(0,\)"),
        ({"images": 1, "sizes": ()}, r"sizes must be between 1 and side = 28, got \(\)"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        drawn(**arguments)


def test_a_channel_gate_says_what_no_gate_says():
    rows = {kind: places.run(kind, 0, images=64, steps=20) for kind in places.ARMS["kind"]}
    x = runs.held_out(places.draw, 0, 1000)[0]
    ties = (x[:, 0].sum(dim=(1, 2)) == 0).float().mean().item()  # there rounding decides
    assert rows["channel gate"]["agree"] >= 1 - ties - 1e-6
    assert ties < 0.01
    assert rows["no gate"]["accuracy"] == pytest.approx(places.ceiling(5, 28), abs=0.05)
    assert rows["no gate"]["agree"] == 1.0
    assert rows["spatial gate"]["agree"] < 1.0
    assert rows["frozen gate"]["inside"] == pytest.approx(25 / 784, abs=0.01)
    assert rows["no gate"]["pointing"] is rows["channel gate"]["inside"] is None
