"""The experiments of chapter 3, in small."""

import numpy as np
import pytest
import torch

from convattn.lab import place_ablation, place_models, place_probe
from convattn.lab.place_ablation import Scene


def test_batches_show_every_image_once_before_any_twice():
    source = place_ablation.batches(np.random.default_rng(0), torch.arange(64), -torch.arange(64))
    epochs = [torch.cat([next(source)[0] for _ in range(2)]) for _ in range(2)]
    for epoch in epochs:
        assert sorted(epoch.tolist()) == list(range(64))
    assert not torch.equal(*epochs)
    one, other = next(source)
    assert torch.equal(one, -other)


@pytest.mark.parametrize("images", [0, 33])
def test_batches_of_another_number(images):
    with pytest.raises(ValueError, match=f"the number of images must be a multiple of 32, got {images}"):
        next(place_ablation.batches(np.random.default_rng(0), torch.zeros(images)))


def test_a_gate_finds_the_target_that_nobody_showed_it():
    result = place_ablation.window_run("5 x 5", Scene(side=14), 256, 0)
    x, _, mask = place_ablation.held_out(Scene(side=14), 0)
    best = place_probe.pointing(place_models.matched_gate("5 x 5", 5).eval().logits(x), mask)
    assert best - 0.1 < result["pointing"] < best + 0.05
    assert result["accuracy"] > place_probe.ungated_rate(5, 14) + 0.15
    assert result["inside"] > 3 * 25 / 196  # three times a constant gate's


def test_runs_repeat_and_seeds_differ():
    first, again, other = (place_ablation.window_run("3 x 3", Scene(side=14), 32, s, steps=5) for s in (0, 0, 1))
    assert first == again != other


def test_a_channel_gate_says_what_no_gate_says():
    rows = {row["kind"]: row for row in place_ablation.place_run(0, images=64, steps=20)}
    x, _, _ = place_ablation.held_out(Scene(), 0)
    ties = (x[:, 0].sum(dim=(1, 2)) == 0).float().mean().item()  # there rounding decides
    assert rows["channel gate"]["agree"] >= 1 - ties - 1e-6
    assert ties < 0.01
    assert rows["no gate"]["accuracy"] == pytest.approx(place_probe.ungated_rate(5, 28), abs=0.05)
    assert rows["spatial gate"]["agree"] < 1.0
    assert rows["frozen gate"]["inside"] == pytest.approx(25 / 784, abs=0.01)
    assert rows["no gate"]["pointing"] is rows["channel gate"]["inside"] is None


def test_tables_have_a_row_for_each_run(monkeypatch):
    monkeypatch.setattr(place_ablation, "KINDS", ("1 x 1", "3 x 3"))
    rows = place_ablation.window_table(range(2), scenes=(Scene(side=14), Scene((3, 5), 14, 5)), images=(32,))
    assert [(row["size"], row["specks"], row["kind"], row["seed"]) for row in rows] == [
        (size, specks, kind, seed)
        for size, specks in ((5, 0), ("mixed", 5))
        for kind in ("1 x 1", "3 x 3")
        for seed in (0, 1)
    ]
    assert all(0 <= float(row["pointing"]) <= 100 and row["map"] == 14 and row["images"] == 32 for row in rows)


def test_place_table_leaves_cells_empty_where_there_is_no_map(monkeypatch):
    rows = [{"kind": "no gate", "accuracy": 0.5, "agree": 1.0, "pointing": None, "inside": None}]
    monkeypatch.setattr(place_ablation, "place_run", lambda seed: rows)
    expected = {"seed": 3, "kind": "no gate", "accuracy": "50.00", "agree": "100.00", "pointing": "", "inside": ""}
    assert place_ablation.place_table([3]) == [expected]


def test_results_are_sorted_by_what_was_trained_and_then_by_seed():
    head = {"size": "mixed", "map": "28", "specks": "0", "images": "32"}
    values = (("3 x 3", "10", "40.00"), ("3 x 3", "2", "30.00"), ("1 x 1", "2", "20.00"))
    rows = [head | {"kind": kind, "seed": seed, "inside": value, "pointing": "0"} for kind, seed, value in values]
    assert place_ablation.window_results(rows, "inside") == {
        ("mixed", "28", "0", "32", "3 x 3"): [30.0, 40.0],
        ("mixed", "28", "0", "32", "1 x 1"): [20.0],
    }


def test_templates_point_as_the_number_of_their_taps_says():
    found = place_ablation.template_results((3, 9), [0])
    assert len(found) == 2 * 7
    assert found[3, "3 x 3"] == found[3, "9 x 9"]  # the same nine weights
    assert found[3, "1 x 1"][0] < found[3, "3 x 3"][0] - 20
    assert found[9, "9 x 9"][0] > found[9, "5 x 5"][0] > found[9, "3 x 3"][0] > found[9, "1 x 1"][0]
    x, _, mask = place_ablation.held_out(Scene((9,)), 0)
    mean = x.mean(dim=1, keepdim=True)
    assert found[9, "1 x 1"][0] == pytest.approx(100 * place_probe.pointing(mean, mask))
