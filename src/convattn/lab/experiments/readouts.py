"""On what does it hang what an order can learn? The read-out and the depth of ``orders``, varied.

In ``orders`` a fixed sum reads what CBAM leaves, so that a gate has to do all that is to be done. An independent
recomputation found that with a learned read-out channel first learns "where first" as well (three seeds of three) while
space first still fails "what first", and that two modules learn both: no blind prediction.

Protocol, fixed before the run: the tasks "what first" and "where first" and the images of ``orders``. Read-outs: "sum",
as there, but with a scale of 1 at the start; "linear", the mean of each of the eight channels and a linear layer;
"MLP", the same means and a layer of 16 ReLU units between. Depth: no module (a control: what the read-out can do
alone), one CBAM, or two in the same order. Three orders, seeds 0 to 9. Recipe "slow", a rate of 0.005 falling to 0 and
1,600 steps of 32 fresh images, which learned more often than 0.02 and 800 steps in pilot runs with the seeds 100 and
101; those, "fast", are run for one CBAM as well. A run learned its task if more than 95 % of its answers are right, and
did not if less than 80 % are; what lies between is called so.

Test: paired t over the ten seeds, Holm's correction over one family of six contrasts, recipe "slow". Four are channel
first minus space first at depth one, for "linear" and "MLP" and both tasks; two are two modules minus one, for space
first on "what first" with "linear" and "MLP". All else is counted, not tested.

Expected. "Sum", depth one: each order learns its own task and stays at 75 % in the other, by construction. "Linear" and
"MLP", depth one: channel first learns "where first" too, space first does not learn "what first". Depth two: space
first learns "what first". The reason, if so: which *channel* counts can still be decided after the positions are
pooled, which *place* counts cannot, unless the spatial gate marks the places differently. (It could: the border of the
map lies in most windows, so that the two squares' gates differ a little, and an MLP with 64 units on gates made by hand
reaches 81 %.) If space first learns "what first" with a read-out behind it, that reason is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from torch import Tensor, nn

from convattn.cbam import CBAM, ORDERS, Order
from convattn.lab import runs, stats
from convattn.lab.experiments import orders
from convattn.lab.experiments.parts import ReadSign

READOUTS = ("sum", "linear", "MLP")
RECIPES = {"slow": (0.005, 1600), "fast": (0.02, 800)}  # rate, steps of 32 images
NETWORKS = (
    ("slow", 0, "none"),
    *(("slow", depth, order) for depth in (1, 2) for order in ORDERS),
    *(("fast", 1, order) for order in ORDERS),
)
ARMS = {"readout": READOUTS, ("recipe", "depth", "order"): NETWORKS, "task": orders.TASKS[:2]}
SEEDS = range(10)


class ReadMeans(nn.Module):
    """Read the channel means of what attention leaves, with a linear layer or an MLP.

    Args:
        module: Attention module from (B, C, H, W) to the same shape.
        layers: From the means (B, C) to (B, 1).
    """

    def __init__(self, module: nn.Module, layers: nn.Module) -> None:
        super().__init__()
        self.module = module
        self.layers = layers

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (B,) of a positive sign for ``x`` (B, C, H, W)."""
        return self.layers(self.module(x).mean(dim=(2, 3)))[:, 0]


def network(readout: str, depth: int, order: Order) -> nn.Module:
    """Build ``depth`` CBAMs in one order and one of ``READOUTS`` behind them; no order counts if there are none."""
    channels = orders.CHANNELS
    attention = nn.Sequential(*(CBAM(channels, hidden=16, order=order) for _ in range(depth)))
    if readout == "sum":
        return ReadSign(attention, pairs=2, scale=1.0)
    if readout == "linear":
        return ReadMeans(attention, nn.Linear(channels, 1))
    return ReadMeans(attention, nn.Sequential(nn.Linear(channels, 16), nn.ReLU(), nn.Linear(16, 1)))


def run(readout: str, recipe: str, depth: int, order: Order, task: str, seed: int) -> dict[str, float]:
    """Train one network on one task: the share of right answers on the test images of ``orders``."""
    rate, steps = RECIPES[recipe]
    source = runs.batches(partial(orders.draw, task=task), np.random.default_rng([seed, 0]), 32)
    model = runs.fitted(partial(network, readout, depth, order), source, seed=seed, steps=steps, rate=rate)
    return {"accuracy": runs.accuracy(model, *orders.held_out(task, seed)[:2])}


def contrasts(rows: Sequence[Mapping[str, str]]) -> dict[tuple[str, str, str], stats.Difference]:
    """Compare as the protocol says, in points, by (read-out, task, what is compared): six contrasts."""
    slow = [row for row in rows if row["recipe"] == "slow"]
    found = runs.by(slow, "readout", "depth", "order", "task", value="accuracy")
    pairs = {}
    for readout in READOUTS[1:]:
        for task in orders.TASKS[:2]:
            one, other = (found[readout, "1", order, task] for order in ORDERS[:2])
            pairs[readout, task, "channel first minus space first"] = one, other
        one, two = (found[readout, depth, ORDERS[1], "what first"] for depth in ("1", "2"))
        pairs[readout, "what first", "space first, two modules minus one"] = two, one
    return stats.family(pairs)
