"""The tasks of average and maximum: what tells which map to read, and what cannot, checked on drawn images."""

import numpy as np
import pytest

from convattn.lab import pool_probes as probes


def drawn(task, images=4000):
    x, answer, source = probes.draw(np.random.default_rng(0), images, task)
    return x.numpy(), answer.numpy(), source


def best_guess(values, bit):
    """Return the share of right guesses of a bit from one number, at the best threshold, either way round."""
    order = np.argsort(values)
    ones = np.cumsum(bit[order])
    right = (np.arange(1, len(bit) + 1) - ones + bit.sum() - ones) / len(bit)
    return max(right.max(), 1 - right.min())


@pytest.mark.parametrize("task", probes.TASKS)
def test_answer_is_the_map_that_the_source_names(task):
    x, answer, source = drawn(task, 300)
    assert set(source) == set(range(probes.candidates(task)))
    for image, truth, channel in zip(x, answer, source, strict=True):
        assert ((image[channel] > 0) == (truth[0] > 0.5)).all()
    assert set(np.unique(x[:, :4])) == {-1.0, 1.0}


@pytest.mark.parametrize(
    ("task", "channel", "bit"), [("average", 4, 0), ("maximum", 4, 0), ("both", 4, 0), ("both", 5, 1)]
)
@pytest.mark.parametrize("pool", ["avg", "max"])
def test_chance_of_a_bit_against_the_best_threshold_on_drawn_images(task, channel, bit, pool):
    x, _, source = drawn(task)
    values = x[:, channel].mean(axis=(1, 2)) if pool == "avg" else x[:, channel].max(axis=(1, 2))
    kind = {4: "maximum" if task == "maximum" else "average", 5: "maximum"}[channel]
    # the best of 4,000 thresholds on the same images overfits a blind pool by up to 0.02
    assert best_guess(values, source >> bit & 1) == pytest.approx(probes.chance_of_bit(kind, pool), abs=0.025)


def test_the_stripes_are_invisible_to_both_pools_and_clear_to_a_filter():
    x, _, source = drawn("arrangement")
    channel = x[:, 4]
    for values in (channel.mean(axis=(1, 2)), channel.max(axis=(1, 2))):
        assert best_guess(values, source) < 0.53
    columns = np.where(np.arange(12) % 2 == 0, 1, -1)
    assert (
        best_guess((channel * columns).mean(axis=(1, 2)) - (channel * columns[:, None]).mean(axis=(1, 2)), source) == 1
    )


def test_bright_pixels_have_no_fixed_place():
    x, _, source = drawn("maximum")
    places = x[source == 1, 4].reshape(-1, 144).argmax(axis=1)
    assert len(set(places)) == 144


@pytest.mark.parametrize(
    ("task", "pools", "expected"),
    [
        ("average", ("avg",), 0.5 + 0.99855 / 2),  # Phi(0.25 * 143 / 12) = Phi(2.979) = 0.99855
        ("average", ("max",), 0.75),
        ("maximum", ("avg",), 0.75),
        ("arrangement", ("avg", "max"), 0.75),
        ("both", ("avg",), 0.99855 * 0.75 + 0.00145 * 0.5),
    ],
)
def test_ceilings_by_hand(task, pools, expected):
    assert probes.ceiling(task, pools) == pytest.approx(expected, abs=1e-4)


def test_both_pools_are_needed_for_both():
    known = probes.chance_of_bit("average", "avg") * probes.chance_of_bit("maximum", "max")
    assert probes.ceiling("both", ("avg", "max")) == pytest.approx(known + (1 - known) / 2)
    assert probes.ceiling("both", ("max",)) < 0.76


def test_bad_arguments():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"task must be one of \('average', .*\), got 'mean'"):
        probes.draw(rng, 1, "mean")
    with pytest.raises(ValueError, match="images must be >= 1, got 0"):
        probes.draw(rng, 0, "both")
    with pytest.raises(ValueError, match="got 'mean'"):
        probes.ceiling("mean", ("avg",))
