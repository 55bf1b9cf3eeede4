"""Average, maximum or both: the experiment ``pools`` of :mod:`convattn.lab.ablation`.

Protocol, fixed before the run: five kinds of gate (average, maximum, both with one shared MLP as in CBAM, both with
two MLPs, both with averaged gates), four tasks, seeds 0 to 9; 16 hidden units, 400 steps of 64 fresh images, Adam,
rate 0.01 falling to 0, chosen on the seeds 100 to 103 so that each pool learns its own task; for each seed the same
2,000 test images for all kinds. Each trained gate is then tested on the same images with its context channels damaged:
"hot", one random pixel of each context channel raised by 20; "dark", a random square of 6 x 6 pixels of each set to 0.

Expected. Clean: every kind at the ceiling of :func:`convattn.lab.pool_probes.ceiling` for its pools, except "averaged
gates", which may stay below where one descriptor has to close a gate alone. Hot: the average on its task loses little,
since one pixel moves it by 20 / 144 = 0.14 where the classes are 0.5 apart; the maximum on its task falls to chance,
since the hot pixel is always the brightest. What "both" does on the task of the average is the test of "more robust":
it can ignore the maximum, but nothing in training told it to. Dark: both pools lose some, the maximum where the bright
pixel lies in the square, a quarter of the images.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from convattn.lab import pool_probes, train
from convattn.lab.pool_models import KINDS, pool_model

HOT, DARK = 20.0, 6


def damaged(x: Tensor, rng: Generator, kind: str) -> Tensor:
    """Damage the context channels of images of the pool probes.

    Args:
        x: Images (B, 8, 12, 12).
        rng: Source of the places.
        kind: "hot" raises one random pixel of each context channel by 20; "dark" sets a random square of 6 x 6 to 0.

    Returns:
        A damaged copy.

    Raises:
        ValueError: If ``kind`` is neither.
    """
    if kind not in ("hot", "dark"):
        raise ValueError(f'kind must be "hot" or "dark", got {kind!r}')
    x = x.clone()
    side = 1 if kind == "hot" else DARK
    for image in x:
        for channel in pool_probes.CONTEXT:
            i, j = rng.integers(0, pool_probes.SIZE - side + 1, 2)
            if kind == "hot":
                image[channel, i, j] += HOT
            else:
                image[channel, i : i + side, j : j + side] = 0
    return x


def _trained(kind: str, task: str, seed: int, steps: int) -> nn.Sequential:
    torch.manual_seed(seed)
    model = pool_model(kind, pool_probes.candidates(task))
    rng = np.random.default_rng([seed, 0])
    train.fit(model, lambda: pool_probes.draw(rng, 64, task)[:2], steps=steps, rate=0.01)
    return model


def trained_gate(kind: str, task: str, seed: int) -> tuple[nn.Module, Tensor, NDArray[np.int64]]:
    """Train one gate as :func:`pool_run` does, to look at it.

    Args:
        kind: One of ``convattn.lab.pool_models.KINDS``.
        task: One of ``convattn.lab.pool_probes.TASKS``.
        seed: The seed.

    Returns:
        The gate, the test images (2000, 8, 12, 12), and for each the channel that holds the answer.
    """
    x, _, source = pool_probes.draw(np.random.default_rng([seed, 1]), 2000, task)
    return _trained(kind, task, seed, 400)[0], x, source


def pool_run(kind: str, task: str, seed: int, *, steps: int = 400) -> dict[str, float]:
    """Train one gate on one task and test it on clean and on damaged images.

    Args:
        kind: One of ``convattn.lab.pool_models.KINDS``.
        task: One of ``convattn.lab.pool_probes.TASKS``.
        seed: Seed of the weights and the training images; the test images depend on it and the task alone.
        steps: Number of training steps of 64 images.

    Returns:
        Share of right signs on "clean", "hot" and "dark" images.
    """
    model = _trained(kind, task, seed, steps)
    places = np.random.default_rng([seed, 1])
    x, answer, _ = pool_probes.draw(places, 2000, task)
    images = {"clean": x} | {name: damaged(x, places, name) for name in ("hot", "dark")}
    return {name: train.accuracy(model, shown, answer) for name, shown in images.items()}


def pool_table(seeds: Sequence[int]) -> list[dict[str, object]]:
    """Measure all kinds of gate on all tasks.

    Args:
        seeds: The seeds.

    Returns:
        A row for each task, kind and seed, with the accuracy in percent on clean, hot and dark images.
    """
    rows = []
    for task in tqdm(pool_probes.TASKS, unit="task"):
        for kind in KINDS:
            for seed in seeds:
                shares = pool_run(kind, task, seed)
                percent = {name: f"{100 * share:.2f}" for name, share in shares.items()}
                rows.append({"task": task, "kind": kind, "seed": seed} | percent)
    return rows
