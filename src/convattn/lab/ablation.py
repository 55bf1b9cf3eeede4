"""The book's experiments as commands: ``python -m convattn.lab.ablation context`` measures a table anew.

``context`` (chapter 1). Protocol, fixed before the run: networks "fixed", "local 1", "local 3", "local 5", "local 7",
"gate", "softmax gate" and, as a control, each trained "gate" frozen at its mean over 2,000 training images; seeds 0
to 9 set the initial weights and the training images (400 steps of 64 fresh images, Adam, rate 0.02 falling to 0); for
each seed the same 2,000 test images for all networks; nothing is selected, so there is no validation set. Expected:
"fixed" and the frozen gate at the ceiling for 0 pixels, "local K" at most at the ceiling for its window, both gates
at the ceiling for the whole map.

``start`` (chapter 1) follows up what ``context`` showed and nobody expected: one gate in ten stayed at the ceiling for
0 pixels, with all four hidden units silent from the start. Protocol, fixed before the run: "gate" and
"zero-bias gate", seeds 0 to 39, otherwise as above. Expected: the squeeze is close to 0, so at the start the sign of
a hidden unit is that of its bias; all four are negative in 1 of 16 starts, and such a gate cannot learn. With biases
of 0 a unit is active for about half of the images, and no gate fails.

``width`` (chapter 1) follows up ``start``, whose result was against that explanation: gates with biases of 0 failed
about as often. Watching four failed runs showed hidden units that fell silent, or always active, in the first 40 steps.
Protocol, fixed before the run: "gate" (4 hidden units) and "wide gate" (16), seeds 0 to 39, otherwise as above.
Expected: in ``start`` 7 of 80 gates failed; if all four units have to be lost for that, each with the same chance and
independently, the chance is (7/80)^(1/4) = 0.54 a unit, and that of losing 16 is 0.54^16 = 0.0001: no wide gate fails.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from convattn.lab import probes, tables, train
from convattn.lab.order_ablation import order_table
from convattn.lab.place_ablation import place_table, window_table
from convattn.lab.pool_ablation import pool_table

GATE_COLUMNS = ("active_before", "active_after", "accuracy")
CONTEXT_KINDS = ("fixed", "local 1", "local 3", "local 5", "local 7", "gate", "softmax gate")


def context_run(
    kind: str, seed: int, *, steps: int = 400, watch: Callable[[nn.Module], None] = lambda model: None
) -> tuple[nn.Module, dict[str, float]]:
    """Train and test one network on the context probe.

    Args:
        kind: A kind of :func:`convattn.lab.train.context_model`.
        seed: Seed of the weights and the training images; the test images depend on it alone.
        steps: Number of training steps of 64 images.
        watch: Called with the network before each step.

    Returns:
        The trained network, and its test accuracy by kind; for "gate" also that of "frozen gate".
    """
    torch.manual_seed(seed)
    model = train.context_model(kind)
    rng = np.random.default_rng([seed, 0])
    train.fit(model, lambda: probes.context(rng, 64)[:2], steps=steps, watch=watch)
    x, answer, _ = probes.context(np.random.default_rng([seed, 1]), 2000)
    result = {kind: train.accuracy(model, x, answer)}
    if kind == "gate":
        frozen = nn.Sequential(train.Frozen(model[0], probes.context(rng, 2000)[0]), model[1])
        result["frozen gate"] = train.accuracy(frozen, x, answer)
    return model, result


def context_table(seeds: Sequence[int]) -> list[dict[str, object]]:
    """Measure the context probe.

    Args:
        seeds: The seeds.

    Returns:
        A row for each kind and seed, with the parameters and the accuracy in percent.
    """
    rows = []
    for kind in tqdm(CONTEXT_KINDS, unit="kind"):
        for seed in seeds:
            model, result = context_run(kind, seed)
            parameters = sum(p.numel() for p in model.parameters())
            for name, share in result.items():
                rows.append({"kind": name, "parameters": parameters, "seed": seed, "accuracy": f"{100 * share:.2f}"})
    return rows


def gate_table(kinds: Sequence[str], seeds: Sequence[int]) -> list[dict[str, object]]:
    """Measure which gates learn, and how many of their hidden units are silent before and after.

    Args:
        kinds: Kinds of gate.
        seeds: The seeds.

    Returns:
        A row for each kind and seed with three percentages. They are the share of the 2,000 test images on which the
        most active hidden unit is active, before and after training, and the accuracy.
    """
    rows = []
    for seed in tqdm(seeds, unit="seed"):
        x = probes.context(np.random.default_rng([seed, 1]), 2000)[0]
        for kind in kinds:
            torch.manual_seed(seed)
            before = train.active_share(train.context_model(kind)[0], x)
            model, result = context_run(kind, seed)
            after = train.active_share(model[0], x)
            percent = [f"{100 * share:.2f}" for share in (before.max(), after.max(), result[kind])]
            rows.append({"kind": kind, "seed": seed} | dict(zip(GATE_COLUMNS, percent, strict=True)))
    return rows


def count_failures(rows: Sequence[Mapping[str, str]]) -> list[tuple[str, int, int, int, int, int]]:
    """Count in a table of gates how many failed, and how many of these began and ended silent.

    A gate is silent if its most active hidden unit is active for less than 1 % of the images; it failed if less than
    80 % of the signs are right.

    Args:
        rows: A table of :func:`gate_table`, as read.

    Returns:
        For each kind its name, the number of seeds, of silent starts and of failures; and of these failures the number
        of silent starts and of silent ends.
    """
    counts = []
    for kind in dict.fromkeys(row["kind"] for row in rows):
        chosen = [[float(row[column]) for column in GATE_COLUMNS] for row in rows if row["kind"] == kind]
        failed = [row for row in chosen if row[2] < 80]
        starts, ends = (sum(row[i] < 1 for row in failed) for i in (0, 1))
        counts.append((kind, len(chosen), sum(row[0] < 1 for row in chosen), len(failed), starts, ends))
    return counts


EXPERIMENTS: dict[str, tuple[Callable[[Sequence[int]], list[dict[str, object]]], range]] = {
    "context": (context_table, range(10)),
    "start": (partial(gate_table, ("gate", "zero-bias gate")), range(40)),
    "width": (partial(gate_table, ("gate", "wide gate")), range(40)),
    "pools": (pool_table, range(10)),
    "orders": (order_table, range(10)),
    "places": (place_table, range(10)),
    "windows": (window_table, range(6)),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the experiment that the command line names and write its table.

    Args:
        arguments: Command line without the program's name; ``sys.argv`` when None.
    """
    parser = argparse.ArgumentParser(prog="python -m convattn.lab.ablation", description="Measure a table of the book.")
    parser.add_argument("experiment", choices=sorted(EXPERIMENTS))
    name = parser.parse_args(arguments).experiment
    torch.set_num_threads(1)  # the networks are tiny: one thread is faster than two
    measure, seeds = EXPERIMENTS[name]
    command = f"python -m convattn.lab.ablation {name}"
    print(tables.write_measured(name, measure(seeds), command=command, seeds=f"{seeds.start} to {seeds.stop - 1}"))


if __name__ == "__main__":
    main()
