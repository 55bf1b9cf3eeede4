"""Recipes and read-outs of the experiment on orders."""

import pytest
import torch
from torch import nn

from convattn import CBAM
from convattn.lab.experiments import orders, readouts, recipes


@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize("readout", readouts.READOUTS)
def test_networks(readout, depth):
    network = readouts.network(readout, depth, "spatial-channel")
    assert [m.order for m in network.modules() if isinstance(m, CBAM)] == depth * ["spatial-channel"]
    assert network(torch.zeros(3, 8, 16, 16)).shape == (3,)
    layers = {"sum": 0, "linear": 1, "MLP": 2}[readout]
    behind = network.layers.modules() if readout != "sum" else ()
    assert sum(isinstance(m, nn.Linear) for m in behind) == layers


def test_the_linear_readout_by_hand():
    network = readouts.network("linear", 0, "none")
    with torch.no_grad():
        network.layers.weight.copy_(torch.arange(8.0)[None])
        network.layers.bias.fill_(0.5)
    x = torch.zeros(1, 8, 16, 16)
    x[0, 2] = 3.0
    x[0, 3, 0, 0] = 256.0
    assert network(x).item() == pytest.approx(2 * 3 + 3 * 1 + 0.5)


def test_the_recipe_of_the_first_experiment_is_among_them(monkeypatch):
    monkeypatch.setitem(recipes.RECIPES, "scale 0.01", (0.01, 0.02, 5))
    expected = orders.run(recipes.TASK, recipes.ORDER, 10, steps=5)[recipes.ORDER]
    assert recipes.run("scale 0.01", 10)["accuracy"] == expected


def test_without_a_module_the_sum_is_the_sum_of_all_signs(monkeypatch):
    monkeypatch.setitem(readouts.RECIPES, "slow", (0.005, 2))
    share = readouts.run("sum", "slow", 0, "none", "what first", 0)["accuracy"]
    assert share == pytest.approx(orders.ungated_means([0])["what first"] / 100)
