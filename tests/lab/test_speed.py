"""The timings of chapter 5. No test looks at how long anything takes."""

import pytest
import torch

from convattn.lab import speed
from convattn.overhead import Cost


def test_functions_run_in_turn_after_a_warm_up():
    calls = []
    seconds = speed.alternate({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=3)
    assert "".join(calls) == "ab" + 3 * "ab"
    assert {name: len(values) for name, values in seconds.items()} == {"a": 3, "b": 3}


def test_ratios_are_taken_round_by_round():
    rows = speed.ratios({"none": [1.0, 2.0, 4.0], "se": [2.0, 3.0, 4.0]})
    assert rows[0] == {"attention": "none", "ms": "2000.00", "ratio": "1.000", "low": "1.000", "high": "1.000"}
    assert rows[1] == {"attention": "se", "ms": "3000.00", "ratio": "1.500", "low": "1.250", "high": "1.750"}


def test_no_rounds():
    with pytest.raises(ValueError, match="rounds must be >= 1, got 0"):
        speed.alternate({}, rounds=0)


def test_a_forward_pass_leaves_the_network_and_a_training_step_changes_it(monkeypatch):
    built = []
    real = speed.resnet
    monkeypatch.setattr(speed, "resnet", lambda *a, **k: built.append(real(*a, **k)) or built[-1])
    for step, changes in (("forward", False), ("training", True)):
        run = speed.stepper("resnet20", "cbam", batch=2, mode="eager", step=step, device="cpu", side=32)
        before = {name: value.clone() for name, value in built[-1].state_dict().items()}
        run()
        after = built[-1].state_dict()
        assert any(not torch.equal(before[name], after[name]) for name in before) == changes


def test_the_three_networks_of_a_case(monkeypatch):
    monkeypatch.setattr(speed, "SIDE", 32)
    rows = speed.case("cpu", "resnet20", 1, "eager", "forward", rounds=1)
    assert [row["attention"] for row in rows] == ["none", "se", "cbam"]
    assert rows[0]["ratio"] == "1.000"
    assert {row["step"] for row in rows} == {"forward"}


def test_machine_limits_are_numbers_above_zero():
    limits = speed.machine("cpu", rounds=1, scale=64)
    assert set(limits) == {"bandwidth", "compute"}
    assert min(limits.values()) > 0


def test_the_longer_of_arithmetic_and_traffic_bounds_the_time():
    # 600 MACs at 100 a second are 6 s; 5 + 3 float32 elements are 32 bytes, at 4 a second 8 s, at 8 a second 4 s.
    cost = Cost("", "", None, macs=600, read=5, written=3)
    assert speed.roofline(cost, {"compute": 100, "bandwidth": 4}) == 8
    assert speed.roofline(cost, {"compute": 100, "bandwidth": 8}) == 6


def test_the_command_measures_all_anew_and_writes_only_where_it_is_told(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(speed, "machine", lambda device: {"bandwidth": 1.0, "compute": 2.0})
    monkeypatch.setattr(speed, "case", lambda *parts: [dict(zip(speed.KEYS, parts, strict=True)) | {"ms": "1"}])
    monkeypatch.chdir(tmp_path)
    speed.main([])
    assert not list(tmp_path.iterdir())
    assert "cpu,resnet50,16,compiled,training,1" in capsys.readouterr().out
    speed.main(["--out", "new"])
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"time_cpu.csv", "machine_cpu.csv"}
    rows = (tmp_path / "new/time_cpu.csv").read_text().splitlines()
    assert len(rows) == 6 + 1 + 16
    assert rows[7] == "cpu,resnet18,1,eager,forward,1"


def test_names_of_what_is_timed_are_checked():
    for names in ({"mode": "compield", "step": "forward"}, {"mode": "eager", "step": "train"}):
        with pytest.raises(ValueError, match=r"mode must be one of .*eager.* and step one of .*forward.*, got "):
            speed.stepper("resnet20", None, batch=1, device="cpu", **names)


def test_a_device_that_is_not_there_is_named(capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit):
        speed.main(["--device", "cuda"])
    assert "--device cuda needs a CUDA device" in capsys.readouterr().err.splitlines()[-1]
