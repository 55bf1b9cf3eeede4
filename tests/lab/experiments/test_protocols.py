"""The experiments are those of the stored tables: inputs and starting weights exactly, results nearly.

The sums below were computed by the code that measured the first edition's tables.
"""

from functools import partial

import numpy as np
import pytest
import torch

from convattn import CBAM
from convattn.lab import records
from convattn.lab.experiments import __main__ as command
from convattn.lab.experiments import (
    context,
    correlated,
    orders,
    places,
    pools,
    readouts,
    recipes,
    robustness,
    start,
    width,
    windows,
)
from convattn.lab.experiments.parts import ReadSign

# draw, network, and weighted sums of training input, answer, test input and starting weights of seed 0
CASES = {
    "context": (
        context.draw,
        lambda: context.network("gate")[0],
        (-171.2886698274733, -9.615736016420886, -244.41248203285738, 1.3616876513354672),
    ),
    "pools": (
        partial(pools.draw, task="both"),
        lambda: pools.network("two MLPs", "both"),
        (-41.2056053669873, 3.786775027990746, -27.128682249905797, -2.2938456790710644),
    ),
    "places": (
        places.draw,
        lambda: ReadSign(windows.spatial_gate("7 x 7")),
        (-176.9721721926872, -0.36437066838988325, 75.82139127408449, -3.440276035374012),
    ),
    "windows": (
        windows.draw("mixed", 28, 20),
        lambda: windows.spatial_gate("two 3 x 3"),
        (-140.6569886196309, -5.000278655623996, -56.92075851694307, 1.3504922908581047),
    ),
    "orders": (
        partial(orders.draw, task="either"),
        lambda: ReadSign(CBAM(8, hidden=16), pairs=2),
        (-29.022370338222615, -1.1284275923572509, -16.69975122506171, -2.914194106609258),
    ),
}


def weighted_sum(tensor):
    """A sum in which every number has a weight of its own, so that an exchange of two shows."""
    values = tensor.detach().double().numpy().ravel()
    return float((values * np.cos(np.arange(len(values)))).sum())


@pytest.mark.parametrize("name", CASES)
def test_inputs_and_starting_weights_are_those_of_the_stored_tables(name):
    draw, make, expected = CASES[name]
    x, answer = draw(np.random.default_rng([0, 0]), 32)[:2]
    test = draw(np.random.default_rng([0, 1]), 32)[0]
    torch.manual_seed(0)
    weights = sum(weighted_sum(p) for p in make().parameters())
    assert (*map(weighted_sum, (x, answer, test)), weights) == pytest.approx(expected, rel=1e-9)


ARMS = [  # one cheap run of each; how far a result may lie from its stored twin, in points
    (context, {"kind": "local 3"}, 0.5),
    (start, {"kind": "zero-bias gate"}, 1.0),
    (width, {"kind": "gate"}, 1.0),
    (pools, {"task": "both", "kind": "two MLPs"}, 1.0),
    (places, {"kind": "no gate"}, 0.5),
    (windows, {"size": 9, "map": 14, "specks": 0, "images": 32, "kind": "3 x 3"}, 4.0),
    (orders, {"task": "what first", "order": "channel-spatial"}, 2.0),
    (robustness, {"task": "average", "training": "fixed", "kind": "average"}, 1.0),
    (recipes, {"recipe": "scale 1"}, 2.0),
    (readouts, {"readout": "sum", "recipe": "fast", "depth": 1, "order": "channel-spatial", "task": "what first"}, 2.0),
    (correlated, {"size": 9, "length": 2, "kind": "3 x 3"}, 4.0),
]


@pytest.mark.parametrize(("experiment", "arm", "points"), ARMS, ids=lambda v: getattr(v, "__name__", ""))
def test_a_run_gives_what_the_stored_table_says(experiment, arm, points):
    name = experiment.__name__.rpartition(".")[2]
    stored = [
        row
        for row in records.measured(name)[0]
        if row["seed"] == str(experiment.SEEDS[0]) and all(row[column] == str(value) for column, value in arm.items())
    ]
    assert len(stored) == 1
    for column, value in experiment.run(**arm, seed=experiment.SEEDS[0]).items():
        if isinstance(value, float):
            assert 100 * value == pytest.approx(float(stored[0][column]), abs=points), column


def test_stored_tables_have_a_row_for_each_arm_and_seed():
    experiments = (
        *(context, start, width, pools, robustness, places, windows, correlated),
        *(orders, recipes, readouts),
    )
    assert tuple(e.__name__.rpartition(".")[2] for e in experiments) == command.NAMES
    for name, experiment in zip(command.NAMES, experiments, strict=True):
        rows, notes = records.measured(name)
        arms = np.prod([len(values) for values in experiment.ARMS.values()])
        assert len(rows) == arms * len(experiment.SEEDS), name
        assert notes["seeds"] == f"{experiment.SEEDS[0]} to {experiment.SEEDS[-1]}", name


FAMILIES = {  # experiment: contrasts of its family, and one of them
    context: (3, ("gate", "local 7")),
    robustness: (24, ("average", "hot 4", "both", "carrier alone")),
    windows: (126, ("7 x 7", "3 x 3", "3", "28", "0", "2048")),
    correlated: (9, ("3", "2")),
    orders: (6, ("what first", "parallel")),
    recipes: (5, "slow"),
    readouts: (6, ("MLP", "what first", "channel first minus space first")),
}


@pytest.mark.parametrize("experiment", FAMILIES, ids=lambda e: e.__name__.rpartition(".")[2])
def test_families_are_those_of_the_protocols(experiment):
    size, one = FAMILIES[experiment]
    family = experiment.contrasts(records.measured(experiment.__name__.rpartition(".")[2])[0])
    assert len(family) == size
    assert {d.family for d in family.values()} == {size}
    assert {d.pairs for d in family.values()} == {len(experiment.SEEDS)}
    assert one in family


def test_contrasts_by_hand():
    rows = [
        {"recipe": recipe, "seed": str(seed), "accuracy": str(value)}
        for recipe, values in {"scale 0.01": (75, 75, 76)}.items()
        for seed, value in enumerate(values)
    ]
    rows += [
        dict(r, recipe=other, accuracy=str(float(r["accuracy"]) + 10 + int(r["seed"])))
        for other in list(recipes.RECIPES)[1:]
        for r in rows[:3]
    ]
    assert [d.mean for d in recipes.contrasts(rows).values()] == 5 * [11.0]  # 10, 11 and 12
    damaged = {damage: "90" for damage in robustness.DAMAGES}
    rows = [
        {"task": t, "training": training, "kind": k, "seed": str(s), "clean": str(95 + s), **damaged}
        | ({"hot 4": "80"} if (t, training, k) == ("average", "fixed", "both") else {})
        for t in ("average", "maximum")
        for training in ("fixed", "varied")
        for k in pools.KINDS
        for s in (0, 1)
    ]
    family = robustness.contrasts(rows)
    # both loses 15 and 16, the average 5 and 6
    assert family["average", "hot 4", "both", "carrier alone"][:3] == (10, 10, 10)
    assert family["average", "hot 4", "both", "varied training"].mean == 10
    assert sum(d.mean != 0 for d in family.values()) == 2
