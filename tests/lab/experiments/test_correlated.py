"""Noise that is correlated: what it is, and the gates that know it."""

import numpy as np
import pytest
import torch

from convattn.lab.experiments import correlated, places
from convattn.lab.experiments.parts import ReadSign
from convattn.lab.theory import window


@pytest.mark.parametrize("length", [2, 4])
def test_the_noise_has_the_stated_covariance(length):
    white = np.random.default_rng(0).standard_normal((4000, 28, 28), dtype=np.float32)
    noise = places.correlated(white, length)
    assert noise.dtype == np.float32
    assert noise.var() == pytest.approx(1, abs=0.01)
    assert noise[:, 3, 5].var() == pytest.approx(1, abs=0.08)  # at each place
    for distance in (1, 3, 6):
        for shifted in (np.roll(noise, distance, axis=1), np.roll(noise, distance, axis=2)):
            assert (noise * shifted).mean() == pytest.approx(np.exp(-distance / length), abs=0.015)


def test_only_the_noise_of_the_probe_changes():
    white, coloured = (correlated.draw(5, length)(np.random.default_rng(0), 20) for length in (0, 2))
    for a, b in zip(white[1:], coloured[1:], strict=True):
        assert torch.equal(a, b)
    assert torch.equal(white[0][:, :2], coloured[0][:, :2])
    lift = 5 / (5 * 6**0.5)  # D over the side of the square and the root of the number of channels
    inside = (coloured[0][:, 2:] * coloured[2]).sum() / coloured[2].sum() / 6
    assert inside == pytest.approx(lift, abs=0.15)


@pytest.mark.parametrize(("size", "length"), [(3, 2), (5, 4)])
def test_the_best_weights_are_as_good_as_calculated(size, length):
    # weighted sums of drawn windows: lift over standard deviation, against sqrt(t' S^-1 t)
    weights = window.best_weights(7, size, length)
    root = np.linalg.cholesky(window.covariance(7, length))
    noise = np.random.default_rng(0).standard_normal((20_000, 49)) @ root.T
    square = np.pad(np.full((size, size), 5 / size), (7 - size) // 2)
    measured = (weights * square).sum() / (noise @ weights.ravel()).std()
    assert window.correlated_snr(7, size, length) == pytest.approx(measured, rel=0.03)
    assert window.correlated_snr(7, size, length) > 1.5 * window.correlated_snr(3, size, length)


def test_in_white_noise_they_are_the_template():
    np.testing.assert_allclose(window.best_weights(5, 3, 0), np.pad(np.full((3, 3), 5 / 3), 1))
    assert window.correlated_snr(5, 3, 0) == pytest.approx(window.snr(5, 3))


def test_a_gate_with_the_best_weights_points_better_with_the_larger_window():
    found = correlated.calculated([0])
    assert found[3, 2, 7][0] > found[3, 2, 3][0] + 20
    assert found[3, 0, 7][0] == found[3, 0, 3][0]  # in white noise the same nine weights
    assert len(found) == 3 * 3 * 6


def test_recipes_and_starts(monkeypatch):
    made = []

    def trained(make, seed, *, images, draw, steps=400, rate=0.05):
        made.append((make(), steps, rate))
        return ReadSign(made[-1][0])

    monkeypatch.setattr(places, "trained", trained)
    for kind in ("9 x 9", correlated.SLOW, correlated.STARTED, correlated.EXPLORATORY):
        correlated.run(3, 2, kind, 0, images=32)
    assert [(gate.conv.kernel_size, steps, rate) for gate, steps, rate in made] == [
        ((9, 9), 400, 0.05),
        ((7, 7), 1600, 0.0125),
        ((7, 7), 400, 0.05),
        ((3, 3), 1600, 0.0125),
    ]
    np.testing.assert_allclose(made[2][0].conv.weight[0, 0].detach(), window.best_weights(7, 3, 2), rtol=1e-6)
    assert (made[2][0].conv.weight[0, 1] == 0).all()
