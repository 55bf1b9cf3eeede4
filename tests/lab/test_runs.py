"""Training, testing, running and sorting, as all experiments do it."""

import numpy as np
import pytest
import torch
from torch import nn

from convattn.lab import runs


def draw(rng, images):
    """Three channels of noise; the answer is the sign of the first."""
    x = torch.from_numpy(rng.standard_normal((images, 3, 4, 4), dtype="float32"))
    return x, (x[:, :1] > 0).float(), "more"


def numbered(rng, images):
    return torch.arange(images), -torch.arange(images)


def test_new_batches_come_one_after_the_other_from_the_generator():
    source, rng = runs.batches(draw, np.random.default_rng(0), 5), np.random.default_rng(0)
    for _ in range(2):
        for got, expected in zip(next(source), draw(rng, 5)[:2], strict=True):
            assert torch.equal(got, expected)


def test_a_fixed_set_shows_every_image_once_before_any_twice():
    source = runs.batches(numbered, np.random.default_rng(0), 32, images=64)
    epochs = [torch.cat([next(source)[0] for _ in range(2)]) for _ in range(2)]
    for epoch in epochs:
        assert sorted(epoch.tolist()) == list(range(64))
    assert not torch.equal(*epochs)
    one, other = next(source)
    assert torch.equal(one, -other)


@pytest.mark.parametrize("images", [0, 33])
def test_a_fixed_set_of_another_number(images):
    with pytest.raises(ValueError, match=f"images must be a multiple of 32, got {images}"):
        next(runs.batches(numbered, np.random.default_rng(0), 32, images=images))


def test_training_finds_the_only_channel_that_matters():
    seen, rng = [], np.random.default_rng(0)
    model = runs.fitted(
        lambda: nn.Conv2d(3, 1, 1),
        runs.batches(draw, rng, 16),
        seed=0,
        steps=100,
        rate=0.05,
        watch=lambda m: seen.append(m.bias.item()),
    )
    assert len(seen) == len(set(seen)) == 100  # called before each step, with the network as it is then
    assert not model.training
    assert runs.accuracy(model, *runs.held_out(draw, 0, 200)[:2]) > 0.98
    assert model.weight[0, :, 0, 0].abs().argmax() == 0
    after = np.random.default_rng(0)
    for _ in range(100):
        draw(after, 16)
    assert rng.random() == after.random()  # not one batch more than there are steps was drawn


def test_the_seed_sets_the_weights():
    def first(seed):
        return runs.fitted(lambda: nn.Linear(3, 1), iter(()), seed=seed, steps=1, rate=1.0).weight

    torch.manual_seed(7)
    expected = nn.Linear(3, 1).weight
    assert torch.equal(first(7), expected)
    assert not torch.equal(first(8), expected)


def test_accuracy_counts_signs():
    answer = torch.tensor([[[[1.0, 0.0], [1.0, 0.0]]]])
    logits = torch.tensor([[[[2.0, -1.0], [-3.0, 0.5]]]])  # right, right, wrong, wrong
    assert runs.accuracy(nn.Identity(), logits, answer) == 0.5


def test_images_of_a_seed_do_not_meet_in_training_and_test():
    x = runs.held_out(draw, 3, 10)[0]
    assert torch.equal(x, runs.held_out(draw, 3, 10)[0])
    assert not torch.equal(x, runs.held_out(draw, 4, 10)[0])
    assert not torch.equal(x, draw(np.random.default_rng([3, 0]), 10)[0])


def one_run(size, map, kind, seed):
    return {"share": seed / 8 + map / 1000, "count": size, "none": None, "threads": torch.get_num_threads()}


def test_a_sweep_runs_each_arm_with_each_seed_and_gives_percent():
    axes = {("size", "map"): ((3, 14), (5, 28)), "kind": ("a", "b")}
    rows = runs.sweep(one_run, axes, range(2), processes=1)
    assert [(r["size"], r["map"], r["kind"], r["seed"]) for r in rows] == [
        (size, map_, kind, seed) for size, map_ in ((3, 14), (5, 28)) for kind in ("a", "b") for seed in (0, 1)
    ]
    assert rows[1] == {
        "size": 3,
        "map": 14,
        "kind": "a",
        "seed": 1,
        "share": "13.90",
        "count": 3,
        "none": "",
        "threads": 1,
    }


def test_results_are_sorted_by_what_was_run_and_then_by_seed():
    head = {"size": "mixed", "map": "28"}
    values = (("3 x 3", "10", "40.00"), ("3 x 3", "2", "30.00"), ("1 x 1", "2", "20.00"))
    rows = [head | {"kind": kind, "seed": seed, "inside": value, "pointing": "0"} for kind, seed, value in values]
    assert runs.by(rows, "size", "kind", value="inside") == {
        ("mixed", "3 x 3"): [30.0, 40.0],
        ("mixed", "1 x 1"): [20.0],
    }
    assert runs.by(rows, "kind", value=lambda row: row["seed"]) == {"3 x 3": [2.0, 10.0], "1 x 1": [2.0]}
