"""Do gates fail that start silent? It follows up what ``context`` showed and nobody expected.

One gate in ten stayed at the ceiling for 0 pixels, with all four hidden units silent from the start. Protocol, fixed
before the run: "gate" and "zero-bias gate", seeds 0 to 39, otherwise as in ``context``. Expected: the squeeze is close
to 0, so at the start the sign of a hidden unit is that of its bias; all four are negative in 1 of 16 starts, and such a
gate cannot learn. With biases of 0 a unit is active for about half of the images, and no gate fails.

Run again for the second edition with weights without a bias that read the gate; a gate failed if less than 80 % of the
signs are right. These seeds suggested the explanation, so the table describes and tests nothing; ``width`` tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from convattn.lab import runs
from convattn.lab.experiments import context
from convattn.squeeze_excitation import SqueezeExcitation

COLUMNS = ("active_before", "active_after", "accuracy")
ARMS = {"kind": ("gate", "zero-bias gate")}
SEEDS = range(40)


@torch.no_grad()
def active_share(gate: nn.Module, x: Tensor) -> Tensor:
    """Return for each hidden unit of a gate the share of images for which its ReLU is above 0.

    If the share is 0 for all units, the gate is the same for all of these images, and no gradient reaches its first
    layer.
    """
    assert isinstance(gate, SqueezeExcitation)
    return (gate.fc1(x.mean(dim=(2, 3))) > 0).float().mean(dim=0)


def run(kind: str, seed: int) -> dict[str, float]:
    """Train and test one gate.

    Before and after training, on what share of the test images is the most active hidden unit active?
    """
    x, answer, _ = runs.held_out(context.draw, seed, 2000)
    torch.manual_seed(seed)
    start = context.network(kind)
    model = context.trained(kind, seed)
    before, after = (active_share(network[0], x).max().item() for network in (start, model))
    return dict(zip(COLUMNS, (before, after, runs.accuracy(model, x, answer)), strict=True))


def failures(rows: Sequence[Mapping[str, str]]) -> list[tuple[str, int, int, int, int, int]]:
    """Count in a table of gates how many failed, and how many of these began and ended silent.

    A gate is silent if its most active hidden unit is active for less than 1 % of the images; it failed if less than
    80 % of the signs are right.

    Args:
        rows: The table, as read.

    Returns:
        For each kind its name, the number of seeds, of silent starts and of failures; and of these failures the number
        of silent starts and of silent ends.
    """
    counts = []
    for kind in dict.fromkeys(row["kind"] for row in rows):
        chosen = [[float(row[column]) for column in COLUMNS] for row in rows if row["kind"] == kind]
        failed = [row for row in chosen if row[2] < 80]
        starts, ends = (sum(row[i] < 1 for row in failed) for i in (0, 1))
        counts.append((kind, len(chosen), sum(row[0] < 1 for row in chosen), len(failed), starts, ends))
    return counts
