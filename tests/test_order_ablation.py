"""The experiment of chapter 4, in small."""

import numpy as np
import pytest
import torch

from convattn import CBAM
from convattn.cbam import ORDERS
from convattn.lab import order_ablation, order_probe


def test_runs_repeat_and_seeds_differ():
    first, again, other = (order_ablation.order_run("parallel", "either", seed, steps=3) for seed in (0, 0, 1))
    assert first == again != other
    assert set(first) == set(ORDERS)


@pytest.mark.parametrize(("order", "task"), [("spatial-channel", "what first"), ("channel-spatial", "where first")])
def test_the_other_order_stays_at_its_ceiling(order, task):
    share = order_ablation.order_run(order, task, 0, steps=60)[order]
    assert share < 0.8  # 75 % and sampling error; 1,000 images


def test_ceilings_name_every_task_and_order():
    assert set(order_ablation.CEILINGS) == {(task, order) for task in order_probe.TASKS for order in ORDERS}


def test_table_and_results(monkeypatch):
    monkeypatch.setattr(
        order_ablation, "order_run", lambda order, task, seed: {name: (seed + len(order)) / 100 for name in ORDERS}
    )
    rows = order_ablation.order_table([1, 0])
    assert len(rows) == 3 * 3 * 2
    text = [{name: str(value) for name, value in row.items()} for row in rows]
    assert order_ablation.order_results(text)["either", "parallel"] == [8.0, 9.0]  # in the order of the seeds


def test_same_weights_differ_in_the_order_alone():
    x = torch.from_numpy(np.random.default_rng(0).random((2, 8, 6, 6))).float()
    outputs = order_ablation.same_weights(lambda order: CBAM(8, hidden=4, order=order), x, seed=3)
    torch.manual_seed(3)
    module = CBAM(8, hidden=4, order="spatial-channel").eval()
    torch.testing.assert_close(outputs["spatial-channel"], module(x))
    module.order = "channel-spatial"
    torch.testing.assert_close(outputs["channel-spatial"], module(x))
    assert not torch.allclose(outputs["channel-spatial"], outputs["spatial-channel"])


def test_gamma_zero_makes_the_spatial_gate_one_half():
    x = torch.from_numpy(np.random.default_rng(0).random((2, 8, 6, 6))).float()
    outputs = order_ablation.same_weights(lambda order: CBAM(8, hidden=4, order=order), x, gamma=0.0)
    torch.manual_seed(0)
    channel = CBAM(8, hidden=4).channel
    torch.testing.assert_close(outputs["channel-spatial"], channel(x) / 2)


def test_distance_by_hand():
    assert order_ablation.distance(torch.tensor([3.0, 0.0]), torch.tensor([0.0, 4.0])) == pytest.approx(5 / 4)


def test_adding_all_signs_is_right_as_often_as_votes_say():
    means = order_ablation.ungated_means(range(3))
    assert means["what first"] == pytest.approx(75, abs=3)
    assert means["where first"] == pytest.approx(75, abs=3)
    assert means["either"] == pytest.approx(100 * 11 / 16, abs=3)  # one of four signs, see test_order_probe
