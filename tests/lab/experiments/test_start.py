"""Silent hidden units: what counts as one, and as a failure."""

import pytest
import torch

from convattn import SqueezeExcitation
from convattn.lab.experiments import start


def test_active_share_by_hand():
    gate = SqueezeExcitation(2, hidden=3)
    with torch.no_grad():
        gate.fc1.weight.copy_(torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]))
        gate.fc1.bias.copy_(torch.tensor([0.0, 0.0, -3.0]))
    x = torch.tensor([[1.0, 1.0], [2.0, 4.0]])[:, :, None, None].expand(2, 2, 3, 3)  # means (1, 1) and (2, 4)
    # unit 0: 1, 2; unit 1: -1, -2; unit 2: 1 - 3 = -2, 4 - 3 = 1
    assert start.active_share(gate, x).tolist() == [1.0, 0.0, 0.5]


def test_gates_that_start_silent_and_gates_that_do_not(monkeypatch):
    monkeypatch.setattr(start.context, "trained", lambda kind, seed: start.context.network(kind))
    # seed 3 starts with its most active unit at 0.30 % (6 of 2,000 images); seed 4 with a unit that is always active
    assert start.run("gate", 3)["active_before"] == pytest.approx(0.003)
    assert start.run("gate", 4)["active_before"] == 1.0


def test_count_failures_by_hand():
    table = [
        {"kind": "a", "active_before": "0.50", "active_after": "0.00", "accuracy": "75.00"},  # silent throughout
        {"kind": "a", "active_before": "60.00", "active_after": "0.90", "accuracy": "79.90"},  # falls silent
        {"kind": "a", "active_before": "0.00", "active_after": "50.00", "accuracy": "99.90"},  # recovers
        {"kind": "b", "active_before": "1.00", "active_after": "100.00", "accuracy": "76.00"},  # fails, not silent
    ]
    assert start.failures(table) == [("a", 3, 2, 2, 1, 2), ("b", 1, 0, 1, 0, 0)]
