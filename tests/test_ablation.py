"""The experiments' commands: rows, provenance, and the committed tables."""

import pytest

from convattn.lab import ablation, probes, tables


def test_a_short_run_gives_a_row_for_each_kind_and_the_control(monkeypatch):
    run = ablation.context_run
    monkeypatch.setattr(ablation, "context_run", lambda kind, seed: run(kind, seed, steps=2))
    monkeypatch.setattr(ablation, "CONTEXT_KINDS", ("fixed", "gate"))
    rows = ablation.context_table([4])
    assert [(r["kind"], r["parameters"], r["seed"]) for r in rows] == [
        ("fixed", 9, 4),
        ("gate", 85, 4),
        ("frozen gate", 85, 4),
    ]
    gates = ablation.gate_table(["gate", "wide gate"], [3, 4])
    assert [(r["kind"], r["seed"]) for r in gates] == [("gate", 3), ("wide gate", 3), ("gate", 4), ("wide gate", 4)]
    # seed 3 starts with its most active unit at 0.30 % (6 of 2,000 images); seed 4 with a unit that is always active
    assert [r["active_before"] for r in gates if r["kind"] == "gate"] == ["0.30", "100.00"]


def test_same_seed_same_result_and_other_seed_other_images():
    a, b, c = (ablation.context_run("fixed", seed, steps=3)[1]["fixed"] for seed in (0, 0, 1))
    assert a == b != c


def test_main_writes_the_table(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(ablation.EXPERIMENTS, "context", (lambda seeds: [{"seed": s} for s in seeds], range(2)))
    monkeypatch.setattr(tables, "write_measured", lambda name, rows, **notes: f"{name} {rows} {sorted(notes.items())}")
    ablation.main(["context"])
    expected = "[('command', 'python -m convattn.lab.ablation context'), ('seeds', '0 to 1')]"
    assert capsys.readouterr().out.strip() == f"context [{{'seed': 0}}, {{'seed': 1}}] {expected}"


def test_unknown_experiment_lists_what_there_is(capsys):
    with pytest.raises(SystemExit, match="2"):
        ablation.main(["nothing"])
    assert "choose from" in capsys.readouterr().err


def test_committed_context_table_respects_the_ceilings():
    rows, notes = tables.measured("context")
    assert notes["command"] == "python -m convattn.lab.ablation context"
    assert {r["seed"] for r in rows} == {str(seed) for seed in range(10)}
    limits = {f"local {k}": probes.window_ceiling(k) for k in (1, 3, 5, 7)}
    limits |= {"gate": probes.context_ceiling(144), "softmax gate": probes.context_ceiling(144)}
    limits |= {"fixed": 0.75, "frozen gate": 0.75}
    assert {r["kind"] for r in rows} == set(limits)
    for row in rows:
        # 2,000 test images; the share whose answer is in channel 0 has sd 1.1 points, and "fixed" gains half of it
        assert float(row["accuracy"]) < 100 * limits[row["kind"]] + 2


def test_count_failures_by_hand():
    table = [
        {"kind": "a", "active_before": "0.50", "active_after": "0.00", "accuracy": "75.00"},  # silent throughout
        {"kind": "a", "active_before": "60.00", "active_after": "0.90", "accuracy": "79.90"},  # falls silent
        {"kind": "a", "active_before": "0.00", "active_after": "50.00", "accuracy": "99.90"},  # recovers
        {"kind": "b", "active_before": "1.00", "active_after": "100.00", "accuracy": "76.00"},  # fails, not silent
    ]
    assert ablation.count_failures(table) == [("a", 3, 2, 2, 1, 2), ("b", 1, 0, 1, 0, 0)]
