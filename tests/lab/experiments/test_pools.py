"""The tasks of average and maximum: what tells which map to read, and what cannot, checked on drawn images."""

import numpy as np
import pytest
import torch

from convattn.lab.experiments import pools
from convattn.lab.proof import worked


def drawn(task, images=4000):
    x, answer, source = pools.draw(np.random.default_rng(0), images, task)
    return x.numpy(), answer.numpy(), source


def best_guess(values, bit):
    """Return the share of right guesses of a bit from one number, at the best threshold, either way round."""
    order = np.argsort(values)
    ones = np.cumsum(bit[order])
    right = (np.arange(1, len(bit) + 1) - ones + bit.sum() - ones) / len(bit)
    return max(right.max(), 1 - right.min())


@pytest.mark.parametrize("task", pools.TASKS)
def test_answer_is_the_map_that_the_source_names(task):
    x, answer, source = drawn(task, 300)
    assert set(source) == set(range(pools.candidates(task)))
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
    assert best_guess(values, source >> bit & 1) == pytest.approx(pools.chance_of_bit(kind, pool), abs=0.025)


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
    ("task", "seen", "expected"),
    [
        ("average", ("avg",), 0.5 + 0.99855 / 2),  # Phi(0.25 * 143 / 12) = Phi(2.979) = 0.99855
        ("average", ("max",), 0.75),
        ("maximum", ("avg",), 0.75),
        ("arrangement", ("avg", "max"), 0.75),
        ("both", ("avg",), 0.99855 * 0.75 + 0.00145 * 0.5),
    ],
)
def test_ceilings_by_hand(task, seen, expected):
    assert pools.ceiling(task, seen) == pytest.approx(expected, abs=1e-4)


def test_both_pools_are_needed_for_both():
    known = pools.chance_of_bit("average", "avg") * pools.chance_of_bit("maximum", "max")
    assert pools.ceiling("both", ("avg", "max")) == pytest.approx(known + (1 - known) / 2)
    assert pools.ceiling("both", ("max",)) < 0.76


def test_bad_arguments():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"task must be one of \('average', .*\), got 'mean'"):
        pools.draw(rng, 1, "mean")
    with pytest.raises(ValueError, match="images must be >= 1, got 0"):
        pools.draw(rng, 0, "both")
    with pytest.raises(ValueError, match="got 'mean'"):
        pools.ceiling("mean", ("avg",))


def test_kinds():
    gates = {kind: pools.network(kind, "both")[0] for kind in pools.KINDS}
    assert [gates[kind].pools for kind in ("average", "maximum", "both")] == [("avg",), ("max",), ("avg", "max")]
    assert isinstance(gates["averaged gates"], pools.AveragedGates)
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((2, 8, 5, 4), dtype="float32"))
    apart = gates["two MLPs"]
    expected = torch.sigmoid(apart.average.logits(x) + apart.maximum.logits(x))
    torch.testing.assert_close(apart(x), x * expected)
    assert (apart.average.pools, apart.maximum.pools) == (("avg",), ("max",))
    assert not torch.equal(apart.average.fc1.weight, apart.maximum.fc1.weight)
    with pytest.raises(ValueError, match=r"kind must be one of \('average', .*\), got 'avg'"):
        pools.network("avg", "both")


def test_averaged_gates_by_hand():
    module = worked.set_mlp(pools.AveragedGates(2, hidden=1))
    # averages (3, 1) and maxima (6, 4): both give h = ReLU(0.5 * 2) = 1, logits (1, -1); sigmoid(1) = 0.731059
    torch.testing.assert_close(module.gate(worked.feature_map()).flatten(), torch.tensor([0.731059, 0.268941]))
    x = worked.feature_map()
    x[0, 0, 1, 1] = 14.0  # averages (5, 1), maxima (14, 4): h = 2 and 5; sigmoids 0.880797 and 0.993307
    torch.testing.assert_close(module.gate(x)[0, 0, 0, 0], torch.tensor((0.880797 + 0.993307) / 2))
    torch.testing.assert_close(module(x), x * module.gate(x))


def test_reading_sums_the_candidates():
    x = torch.arange(16.0).reshape(1, 4, 2, 2)
    # channels 0 and 1 at the first pixel: 0 + 4, times 4
    assert pools.ReadCandidates(2)(x).flatten().tolist() == [16.0, 24.0, 32.0, 40.0]


def test_damage():
    x = torch.ones(5, 8, 12, 12)
    rng = np.random.default_rng(0)
    hot, dark = (pools.damaged(x, rng, kind) for kind in ("hot", "dark"))
    assert (x == 1).all()  # a copy was damaged
    for channel in range(8):
        context = channel in pools.CONTEXT
        assert ((hot[:, channel] == 21).sum(dim=(1, 2)) == (1 if context else 0)).all()
        assert ((dark[:, channel] == 0).sum(dim=(1, 2)) == (36 if context else 0)).all()
    with pytest.raises(ValueError, match=r"""^kind must be "hot" or "dark", got 'cold'$"""):
        pools.damaged(x, rng, "cold")


def test_a_gate_learns_its_own_task_and_the_result_repeats():
    result = pools.run("average", "average", 100, steps=150)
    assert result == pools.run("average", "average", 100, steps=150)
    assert result["clean"] > 0.9 > 0.8 > pools.run("average", "maximum", 100, steps=150)["clean"]
