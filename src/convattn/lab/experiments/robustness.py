"""What do gates do with descriptors that training has not shown? Damage by channel, training that varies (chapter 2).

The first edition tested one damage, a hot pixel in two channels at once, on gates whose training had always shown the
same maximum, and concluded that the combination of both pools is less robust than the average. An independent
recomputation found that this hangs on both choices, so this is no blind prediction.

The tasks are "average" and "maximum" of ``pools``: channel 4 tells which map to read, by its mean or by its brightest
pixel, and channel 5 is noise. The pool that tells is the task's *carrier*, the other one a *nuisance*.

Protocol, fixed before the run: five kinds of gate as in ``pools``; training "fixed", as there, or "varied", in which
the nuisance of channel 4 differs between images: for "average" the peak is drawn between 4 and 24 (fixed: 8); for
"maximum" a number between -0.5 and 0.5 is added to all pixels of the channel (fixed: 0). Seeds 0 to 9, 400 steps of 64
fresh images, rate 0.01. Each gate is tested on the same 2,000 images, drawn as in "fixed" training, clean and with six
damages: "hot" raises one random pixel by 20, in channel 4, in channel 5, or one in each; "drift" adds +0.25 or -0.25,
by the toss of a coin for each image and channel, to all pixels of channel 4, of channel 5, or of both. (A hot pixel
moves the mean too, by 20/144 = 0.14. The varied peak is 14 on average and not 8, so that after "varied" training a
threshold on the mean is a little off on the test images. Channel 5 does not vary in training.)

Measure: the loss, clean minus damaged. Test: paired t over the ten seeds, Holm's correction over one family of 24
contrasts, all for damage to the nuisance (hot for "average", drift for "maximum"), in channel 4 and in channel 5.
Twelve are the loss of each of the three gates with both pools minus that of the gate that reads the carrier alone,
after "fixed" training; twelve the loss after "fixed" minus the loss after "varied" training, for the same three gates.
Below zero in the first twelve would be "more robust", above zero "less robust".

Expected. By construction, shown and not tested: damage to the carrier in channel 4 (drift for "average", hot for
"maximum") hurts every gate. Less robust for hot pixels in channel 4, which leave the range of training, and a smaller
loss there after "varied" training. For "maximum" no loss from drift in either training, since 0.25 hardly moves the
maximum. For channel 5 there is no prediction, except that "varied" training does not concern it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from convattn.lab import runs, stats
from convattn.lab.experiments import pools

DAMAGES = ("hot 4", "hot 5", "hot both", "drift 4", "drift 5", "drift both")
ARMS = {"task": ("average", "maximum"), "training": ("fixed", "varied"), "kind": pools.KINDS}
SEEDS = range(10)


def draw(rng: Generator, images: int, task: str, training: str) -> tuple[Tensor, Tensor, NDArray[np.int64]]:
    """Draw images of :func:`convattn.lab.experiments.pools.draw`, with another nuisance in each if ``varied``."""
    x, answer, source = pools.draw(rng, images, task)
    if training == "varied" and task == "average":
        flat = x[:, 4].flatten(1)
        peak = torch.from_numpy(rng.uniform(4, 24, images).astype("float32")) - pools.PEAK
        flat[torch.arange(images), flat.argmax(dim=1)] += peak
    elif training == "varied":
        x[:, 4] += torch.from_numpy(rng.uniform(-0.5, 0.5, (images, 1, 1)).astype("float32"))
    return x, answer, source


def damaged(x: Tensor, rng: Generator, damage: str) -> Tensor:
    """Return a damaged copy of images (B, 8, 12, 12).

    Args:
        x: The images.
        rng: Source of places and tosses.
        damage: One of ``DAMAGES``.

    Returns:
        The copy.

    Raises:
        ValueError: If ``damage`` is not one of ``DAMAGES``.
    """
    if damage not in DAMAGES:
        raise ValueError(f"damage must be one of {DAMAGES}, got {damage!r}")
    x = x.clone()
    kind, where = damage.split()
    places = torch.from_numpy(rng.integers(0, pools.PIXELS, (2, len(x))))  # of both channels, whichever are hit
    tosses = torch.from_numpy(2 * rng.integers(0, 2, (2, len(x), 1, 1)) - 1)
    for channel, place, toss in zip(pools.CONTEXT, places, tosses, strict=True):
        if where not in ("both", str(channel)):
            continue
        if kind == "hot":
            x[:, channel].flatten(1)[torch.arange(len(x)), place] += pools.HOT
        else:
            x[:, channel] += pools.SHIFT * toss
    return x


def with_damages(rng: Generator, images: int, task: str) -> tuple[dict[str, Tensor], Tensor]:
    """Draw test images of a task, clean and with each damage, and their answer."""
    x, answer, _ = draw(rng, images, task, "fixed")
    seed = int(rng.integers(2**32))  # the same places and tosses for all damages
    return {"clean": x} | {damage: damaged(x, np.random.default_rng(seed), damage) for damage in DAMAGES}, answer


def run(task: str, training: str, kind: str, seed: int, *, steps: int = 400) -> dict[str, float]:
    """Train one gate and test it: share of right signs on clean images and with each damage."""
    source = runs.batches(lambda rng, n: draw(rng, n, task, training), np.random.default_rng([seed, 0]), 64)
    model = runs.fitted(lambda: pools.network(kind, task), source, seed=seed, steps=steps, rate=0.01)
    images, answer = runs.held_out(lambda rng, n: with_damages(rng, n, task), seed, 2000)
    return {name: runs.accuracy(model, x, answer) for name, x in images.items()}


def losses(rows: Sequence[Mapping[str, str]]) -> dict[tuple[str, str, str, str], NDArray[np.float64]]:
    """Sort a table, as read: clean minus damaged in points, by (task, training, kind, damage), for each seed."""
    clean = runs.by(rows, "task", "training", "kind", value="clean")
    found = {}
    for damage in DAMAGES:
        for key, values in runs.by(rows, "task", "training", "kind", value=damage).items():
            found[*key, damage] = np.subtract(clean[key], values)
    return found


def contrasts(rows: Sequence[Mapping[str, str]]) -> dict[tuple[str, str, str, str], stats.Difference]:
    """Compare losses as the protocol says, corrected for 24 contrasts.

    Args:
        rows: The table, as read.

    Returns:
        The loss after fixed training minus that of the "carrier alone", or minus the own loss after "varied training",
        by (task, damage, kind, one of these two).
    """
    loss, pairs = losses(rows), {}
    for task, damage in product(("average", "maximum"), ("4", "5")):
        hit = f"{'hot' if task == 'average' else 'drift'} {damage}"
        for kind in ("both", "two MLPs", "averaged gates"):
            fixed = loss[task, "fixed", kind, hit]
            pairs[task, hit, kind, "carrier alone"] = fixed, loss[task, "fixed", task, hit]  # named as its task
            pairs[task, hit, kind, "varied training"] = fixed, loss[task, "varied", kind, hit]
    return stats.family(pairs)
