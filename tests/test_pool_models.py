"""The gates of the pool experiment, and its damage, on values worked by hand."""

import numpy as np
import pytest
import torch

from convattn import ChannelAttention
from convattn.lab import pool_ablation, pool_probes, tiny
from convattn.lab.broken import TwoMLPs
from convattn.lab.pool_models import KINDS, AveragedGates, ReadCandidates, pool_model


def test_kinds():
    gates = {kind: pool_model(kind, 2)[0] for kind in KINDS}
    assert [gates[kind].pools for kind in KINDS] == [("avg",), ("max",), ("avg", "max"), ("avg", "max"), ("avg", "max")]
    assert [type(gates[kind]) for kind in KINDS[2:]] == [ChannelAttention, TwoMLPs, AveragedGates]
    with pytest.raises(ValueError, match=r"kind must be one of \('average', .*\), got 'avg'"):
        pool_model("avg", 2)


def test_averaged_gates_by_hand():
    module = tiny.set_mlp(AveragedGates(2, hidden=1))
    # averages (3, 1) and maxima (6, 4): both give h = ReLU(0.5 * 2) = 1, logits (1, -1); sigmoid(1) = 0.731059
    torch.testing.assert_close(module.gate(tiny.feature_map()).flatten(), torch.tensor([0.731059, 0.268941]))
    x = tiny.feature_map()
    x[0, 0, 1, 1] = 14.0  # averages (5, 1), maxima (14, 4): h = 2 and 5; sigmoids 0.880797 and 0.993307
    torch.testing.assert_close(module.gate(x)[0, 0, 0, 0], torch.tensor((0.880797 + 0.993307) / 2))
    torch.testing.assert_close(module(x), x * module.gate(x))


def test_reading_sums_the_candidates():
    x = torch.arange(16.0).reshape(1, 4, 2, 2)
    # channels 0 and 1 at the first pixel: 0 + 4, times 4
    assert ReadCandidates(2)(x).flatten().tolist() == [16.0, 24.0, 32.0, 40.0]


def test_damage():
    x = torch.ones(5, 8, 12, 12)
    rng = np.random.default_rng(0)
    hot, dark = (pool_ablation.damaged(x, rng, kind) for kind in ("hot", "dark"))
    assert (x == 1).all()  # a copy was damaged
    for channel in range(8):
        context = channel in pool_probes.CONTEXT
        assert ((hot[:, channel] == 21).sum(dim=(1, 2)) == (1 if context else 0)).all()
        assert ((dark[:, channel] == 0).sum(dim=(1, 2)) == (36 if context else 0)).all()
    with pytest.raises(ValueError, match=r"""^kind must be "hot" or "dark", got 'cold'$"""):
        pool_ablation.damaged(x, rng, "cold")


def test_a_gate_learns_its_own_task_and_the_result_repeats():
    result = pool_ablation.pool_run("average", "average", 100, steps=150)
    assert result == pool_ablation.pool_run("average", "average", 100, steps=150)
    assert result["clean"] > 0.9 > 0.8 > pool_ablation.pool_run("maximum", "average", 100, steps=150)["clean"]


def test_trained_gate_is_that_of_the_experiment(monkeypatch):
    monkeypatch.setattr(pool_ablation.train, "fit", lambda model, draw, **options: model)
    gate, x, source = pool_ablation.trained_gate("both", "maximum", 7)
    torch.manual_seed(7)
    torch.testing.assert_close(gate.fc1.weight, pool_model("both", 2)[0].fc1.weight)
    assert x.shape == (2000, 8, 12, 12)
    assert set(source) == {0, 1}


def test_table_has_a_row_for_each_task_kind_and_seed(monkeypatch):
    shares = {"clean": 0.5, "hot": 0.25, "dark": 0.125}
    monkeypatch.setattr(pool_ablation, "pool_run", lambda kind, task, seed: shares)
    rows = pool_ablation.pool_table([3, 4])
    assert len(rows) == 4 * 5 * 2
    assert rows[0] == {
        "task": "average",
        "kind": "average",
        "seed": 3,
        "clean": "50.00",
        "hot": "25.00",
        "dark": "12.50",
    }
