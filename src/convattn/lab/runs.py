"""The one way in which the experiments train, test, run and sort."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice, product
from multiprocessing import get_context
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

Draw = Callable[[Generator, int], tuple[Any, ...]]  # images: input (B, C, H, W), answer with values 0 and 1, and more
Module = TypeVar("Module", bound=nn.Module)


def batches(draw: Draw, rng: Generator, size: int, *, images: int | None = None) -> Iterator[tuple[Tensor, ...]]:
    """Yield batches for ever: new images each time, or a fixed set in a new random order each time that all were seen.

    Args:
        draw: Draws images.
        rng: Source of the images and their orders.
        size: Number of images of a batch.
        images: Number of images of the fixed set, a multiple of ``size``; None for new ones each time.

    Yields:
        tuple[Tensor, ...]: Input and answer.

    Raises:
        ValueError: If ``images`` is not a multiple of ``size``.
    """
    if images is None:
        while True:
            yield draw(rng, size)[:2]
    if images < 1 or images % size:
        raise ValueError(f"images must be a multiple of {size}, got {images!r}")
    fixed = draw(rng, images)[:2]
    while True:
        for chosen in torch.from_numpy(rng.permutation(images)).split(size):
            yield tuple(tensor[chosen] for tensor in fixed)


def fitted(
    make: Callable[[], Module],
    source: Iterator[tuple[Tensor, ...]],
    *,
    seed: int,
    steps: int,
    rate: float,
    watch: Callable[[Module], None] = lambda model: None,
) -> Module:
    """Build a network and train it with Adam on the cross-entropy of a yes or no.

    Args:
        make: Builds the network, after the seed is set; from (B, C, H, W) to logits of the shape of the answer.
        source: Batches of input and answer.
        seed: Seed of the weights.
        steps: Number of steps, one batch each.
        rate: Learning rate at the start; it falls to 0 along half a cosine.
        watch: Called with the network before each step.

    Returns:
        The network, in eval mode.
    """
    torch.manual_seed(seed)
    model = make()
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for x, answer in islice(source, steps):
        watch(model)
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(model(x), answer).backward()
        optimizer.step()
        schedule.step()
    return model.eval()


def held_out(draw: Draw, seed: int, images: int) -> tuple[Any, ...]:
    """Draw the test images of a seed; they share nothing with its training images, and are the same for all arms."""
    return draw(np.random.default_rng([seed, 1]), images)


@torch.no_grad()
def accuracy(model: nn.Module, x: Tensor, answer: Tensor) -> float:
    """Return the share of answers where the network's yes or no is right, between 0 and 1."""
    return ((model(x) > 0) == (answer > 0.5)).float().mean().item()


def sweep(
    run: Callable[..., Mapping[str, float | int | None]],
    axes: Mapping[str | tuple[str, ...], Sequence[Any]],
    seeds: Sequence[int],
    *,
    processes: int | None = None,
) -> list[dict[str, object]]:
    """Run an experiment for each combination of its arms with each seed, on all cores, with one thread each.

    Args:
        run: Called with a value for each name of ``axes`` and with ``seed``; gives shares, counts or None by column.
        axes: Values by name; several names at once have values that are tuples.
        seeds: The seeds.
        processes: Number of processes; when None, one for each core.

    Returns:
        A row for each run, with its names and values and then its columns, shares in percent and None as an empty cell.
    """
    jobs: list[dict[str, object]] = []
    for values in product(*axes.values(), seeds):
        job: dict[str, object] = {}
        for name, value in zip((*axes, "seed"), values, strict=True):
            job |= {name: value} if isinstance(name, str) else dict(zip(name, value, strict=True))
        jobs.append(job)
    with ProcessPoolExecutor(
        processes or os.cpu_count(), get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        found = list(tqdm(pool.map(partial(_call, run), jobs), total=len(jobs), unit="run"))
    return [job | {name: _cell(value) for name, value in row.items()} for job, row in zip(jobs, found, strict=True)]


def _call(run: Callable[..., Mapping[str, float | int | None]], job: Mapping[str, object]) -> dict[str, Any]:
    return dict(run(**job))


def _cell(value: float | int | None) -> object:
    return "" if value is None else f"{100 * value:.2f}" if isinstance(value, float) else value


def by(
    rows: Sequence[Mapping[str, str]], *names: str, value: str | Callable[[Mapping[str, str]], str]
) -> dict[Any, list[float]]:
    """Sort a table, as read, by what was run.

    Args:
        rows: The table; one column is "seed".
        *names: The columns to sort by.
        value: Which column has the result, or a function that finds it in a row.

    Returns:
        For each combination of the columns (for a single column, each of its values) the results in the order of seeds.
    """
    found: dict[Any, dict[int, float]] = {}
    for row in rows:
        key = tuple(row[name] for name in names)
        text = row[value] if isinstance(value, str) else value(row)
        found.setdefault(key[0] if len(names) == 1 else key, {})[int(row["seed"])] = float(text)
    return {key: [results[seed] for seed in sorted(results)] for key, results in found.items()}
