"""The bench of chapter 5. No test looks at how long anything takes."""

import pytest
import torch

from convattn.lab import bench, tables
from convattn.overhead import Cost


def test_functions_run_in_turn_after_a_warm_up():
    calls = []
    seconds = bench.alternate({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=3)
    assert "".join(calls) == "ab" + 3 * "ab"
    assert {name: len(values) for name, values in seconds.items()} == {"a": 3, "b": 3}


def test_ratios_are_taken_round_by_round():
    rows = bench.ratios({"none": [1.0, 2.0, 4.0], "se": [2.0, 3.0, 4.0]})
    assert rows[0] == {"attention": "none", "ms": "2000.00", "ratio": "1.000", "low": "1.000", "high": "1.000"}
    assert rows[1] == {"attention": "se", "ms": "3000.00", "ratio": "1.500", "low": "1.250", "high": "1.750"}


def test_no_rounds():
    with pytest.raises(ValueError, match="rounds must be >= 1, got 0"):
        bench.alternate({}, rounds=0)


def test_a_forward_pass_leaves_the_network_and_a_training_step_changes_it(monkeypatch):
    built = []
    real = bench.resnet
    monkeypatch.setattr(bench, "resnet", lambda *a, **k: built.append(real(*a, **k)) or built[-1])
    for step, changes in (("forward", False), ("training", True)):
        run = bench.stepper("resnet20", "cbam", batch=2, mode="eager", step=step, device="cpu", side=32)
        before = {name: value.clone() for name, value in built[-1].state_dict().items()}
        run()
        after = built[-1].state_dict()
        assert any(not torch.equal(before[name], after[name]) for name in before) == changes


def test_the_three_networks_of_a_case(monkeypatch):
    monkeypatch.setattr(bench, "SIDE", 32)
    rows = bench.case("cpu", "resnet20", 1, "eager", "forward", rounds=1)
    assert [row["attention"] for row in rows] == ["none", "se", "cbam"]
    assert rows[0]["ratio"] == "1.000"
    assert {row["step"] for row in rows} == {"forward"}


def test_machine_limits_are_numbers_above_zero():
    limits = bench.machine("cpu", rounds=1, scale=64)
    assert set(limits) == {"bandwidth", "compute"}
    assert min(limits.values()) > 0


def test_the_longer_of_arithmetic_and_traffic_bounds_the_time():
    # 600 MACs at 100 a second are 6 s; 5 + 3 float32 elements are 32 bytes, at 4 a second 8 s, at 8 a second 4 s.
    cost = Cost("", "", None, macs=600, read=5, written=3)
    assert bench.roofline(cost, {"compute": 100, "bandwidth": 4}) == 8
    assert bench.roofline(cost, {"compute": 100, "bandwidth": 8}) == 6


def test_the_command_measures_what_is_missing_and_keeps_the_rest(monkeypatch, tmp_path):
    monkeypatch.setattr(bench, "machine", lambda device: {"bandwidth": 1.0, "compute": 2.0})
    monkeypatch.setattr(bench, "case", lambda *parts: [dict(zip(bench.KEYS, parts, strict=True)) | {"ms": "1"}])
    monkeypatch.setattr(bench, "BATCHES", (1,))
    monkeypatch.setattr(bench, "MODES", ("eager",))
    monkeypatch.setattr(bench, "STEPS", ("forward",))
    stored = {}
    monkeypatch.setattr(
        tables, "write_measured", lambda name, rows, **_: stored.update({name: [dict(r) for r in rows]})
    )
    first = dict(zip(bench.KEYS, ("cpu", "resnet18", "1", "eager", "forward"), strict=True)) | {"ms": "7"}
    monkeypatch.setattr(bench, "_done", lambda name: [first])
    bench.main([])
    assert [(row["network"], row["ms"]) for row in stored["time_cpu"]] == [("resnet18", "7"), ("resnet50", "1")]
    bench.main(["--anew"])
    assert [row["ms"] for row in stored["time_cpu"]] == ["1", "1"]
    assert stored["machine_cpu"][1] == {"device": "cpu", "what": "compute", "value": "2.0"}
