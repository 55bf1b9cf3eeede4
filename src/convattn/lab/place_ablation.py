"""Where, and with how large a window? The experiments ``places`` and ``windows`` of :mod:`convattn.lab.ablation`.

Both train on a fixed set of images of :mod:`convattn.lab.place_probe`, from the sign of the target alone: 400 steps of
32 images, Adam, rate 0.05 falling to 0. Measured on 1,000 new images, the same for all kinds of one seed: the share of
right signs; "pointing", how often the largest logit lies in the target; "inside", the share of the gate's mass there.
Nothing is selected, so there is no validation set. Pilot runs with the seeds 100 to 103 at 28 x 28 chose the learning
rate and the scale of the reading such that no gate was stuck; they also showed most of what is expected below, so these
are no blind predictions.

``places``. Protocol, fixed before the run: no gate, CBAM's channel gate (16 hidden units), its spatial gate (7 x 7),
and as a control each trained spatial gate frozen at its mean over the training images; targets of 5 x 5 on 28 x 28,
2,048 images, seeds 0 to 9. Expected: no gate at :func:`convattn.lab.place_probe.ungated_rate`, 58 %; the channel gate
right on the same images as no gate, since its positive factors cannot change the sign of a sum (where the sum is 0, in
one image of 200, rounding decides); the spatial gate above 95 %, pointing as often as the best template, 98 %; the
frozen gate close to no gate.

``windows``. Protocol, fixed before the run: all kinds of :mod:`convattn.lab.place_models`, 32, 256 and 2,048 training
images, in the scenes below, seeds 0 to 5. Expected: the number of taps that lie on the target decides, as in
``convattn.lab.place_models.template``. With 2,048 images each K x K points as often as its template, less a few
points. So 3 x 3 is best for targets of 3, 5 x 5 for 5, 9 x 9 for 9; what is larger loses little with 2,048 images and
much with 32. 7 x 7 minus 3 x 3: below zero for 3, except with 2,048 images, where they are close; above zero for 5 with
256 or more; above zero for 9. "3 x 3, dilation 3" is never above 3 x 3, since 1, 4 and 9 of its taps lie on targets of
3, 5 and 9. "two 3 x 3" is close to 5 x 5. A larger map has more places to be wrong, which lowers all and keeps their
order. Specks lower all, the small kernels most.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from convattn.channel_attention import ChannelAttention
from convattn.lab import place_probe, train
from convattn.lab.place_models import KINDS, ReadSign, matched_gate, spatial_gate

BATCH, STEPS, RATE = 32, 400, 0.05
IMAGES = (32, 256, 2048)


class Scene(NamedTuple):
    """What is drawn: targets of one of some sizes on a map, with specks or without."""

    sizes: tuple[int, ...] = (place_probe.SIZE,)
    side: int = place_probe.SIDE
    specks: int = 0

    def draw(self, rng: np.random.Generator, images: int) -> tuple[Tensor, Tensor, Tensor]:
        """Draw images with :func:`convattn.lab.place_probe.draw`."""
        return place_probe.draw(rng, images, sizes=self.sizes, side=self.side, specks=self.specks)


MIXED = (3, 5, 9)
SCENES = (
    *(Scene((size,), side) for side, size in product((14, 28, 56), (3, 5, 9))),
    Scene(MIXED),
    *(Scene((size,), specks=20) for size in (3, 5, 9)),
    Scene(MIXED, specks=20),
)


def batches(rng: np.random.Generator, *data: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Yield batches of 32 of the same images for ever, in a new random order each time that all have been seen.

    Args:
        rng: Source of the orders.
        *data: Tensors of the same length, a multiple of 32.

    Yields:
        tuple[Tensor, ...]: The next 32 of each.

    Raises:
        ValueError: If the length is not a multiple of 32.
    """
    if len(data[0]) < 1 or len(data[0]) % BATCH:
        raise ValueError(f"the number of images must be a multiple of {BATCH}, got {len(data[0])}")
    while True:
        for chosen in torch.from_numpy(rng.permutation(len(data[0]))).split(BATCH):
            yield tuple(tensor[chosen] for tensor in data)


def fitted(make: Callable[[], nn.Module], scene: Scene, images: int, seed: int, *, steps: int = STEPS) -> ReadSign:
    """Train an attention module from the signs of the targets.

    Args:
        make: Builds the module, after the seed is set.
        scene: What is drawn.
        images: Number of training images, a multiple of 32.
        seed: Seed of the weights and the training images.
        steps: Number of steps of 32 images.

    Returns:
        The reading with the trained module as its ``module``, in eval mode.
    """
    torch.manual_seed(seed)
    model = ReadSign(make())
    rng = np.random.default_rng([seed, 0])
    source = batches(rng, *scene.draw(rng, images)[:2])
    train.fit(model, lambda: next(source), steps=steps, rate=RATE)
    return model.eval()


def held_out(scene: Scene, seed: int, images: int = 1000) -> tuple[Tensor, Tensor, Tensor]:
    """Draw the test images of a seed: input, answer and mask as of :func:`convattn.lab.place_probe.draw`."""
    return scene.draw(np.random.default_rng([seed, 1]), images)


@torch.no_grad()
def window_run(kind: str, scene: Scene, images: int, seed: int, *, steps: int = STEPS) -> dict[str, float]:
    """Train and test one spatial gate.

    Args:
        kind: One of ``convattn.lab.place_models.KINDS``.
        scene: What is drawn.
        images: Number of training images, a multiple of 32.
        seed: Seed of the weights and the training images; the test images depend on it and the scene alone.
        steps: Number of training steps of 32 images.

    Returns:
        Shares "accuracy", "pointing" and "inside".
    """
    with torch.enable_grad():
        model = fitted(partial(spatial_gate, kind), scene, images, seed, steps=steps)
    x, answer, mask = held_out(scene, seed)
    return {
        "accuracy": train.accuracy(model, x, answer),
        "pointing": place_probe.pointing(model.module.logits(x), mask),
        "inside": place_probe.mass_inside(model.module.gate(x), mask),
    }


@torch.no_grad()
def place_run(seed: int, *, images: int = 2048, steps: int = STEPS) -> list[dict[str, object]]:
    """Compare no gate, a channel gate, a spatial gate and the frozen spatial gate.

    Args:
        seed: The seed.
        images: Number of training images, a multiple of 32.
        steps: Number of training steps of 32 images.

    Returns:
        A row for each kind with its name, "accuracy", "agree", the share of images where it says what no gate says, and
        for the gates with a map "pointing" and "inside", else None.
    """
    scene = Scene()
    with torch.enable_grad():
        makers = {"no gate": nn.Identity, "channel gate": partial(ChannelAttention, place_probe.CHANNELS, hidden=16)}
        models = {name: fitted(make, scene, images, seed, steps=steps) for name, make in makers.items()}
        models["spatial gate"] = fitted(partial(spatial_gate, "7 x 7"), scene, images, seed, steps=steps)
    gate = models["spatial gate"].module
    frozen = train.Frozen(gate, scene.draw(np.random.default_rng([seed, 0]), images)[0])
    models["frozen gate"] = ReadSign(frozen)
    x, answer, mask = held_out(scene, seed)
    maps = {"spatial gate": gate.gate(x), "frozen gate": frozen.mean.expand(len(x), -1, -1, -1)}
    plain = models["no gate"](x) > 0
    rows = []
    for name, model in models.items():
        shares = {
            "accuracy": train.accuracy(model, x, answer),
            "agree": ((model(x) > 0) == plain).float().mean().item(),
            "pointing": place_probe.pointing(maps[name], mask) if name in maps else None,
            "inside": place_probe.mass_inside(maps[name], mask) if name in maps else None,
        }
        rows.append({"kind": name} | shares)
    return rows


def _percent(shares: dict[str, object]) -> dict[str, object]:
    return {k: v if isinstance(v, str) else "" if v is None else f"{100 * v:.2f}" for k, v in shares.items()}


def place_table(seeds: Sequence[int]) -> list[dict[str, object]]:
    """Measure :func:`place_run` for some seeds: rows with percentages, empty where a kind has no map."""
    return [{"seed": seed} | _percent(row) for seed in tqdm(seeds, unit="seed") for row in place_run(seed)]


def _window_row(job: tuple[Scene, int, str, int]) -> dict[str, object]:
    torch.set_num_threads(1)
    scene, images, kind, seed = job
    size = "mixed" if len(scene.sizes) > 1 else scene.sizes[0]
    named = {"size": size, "map": scene.side, "specks": scene.specks, "images": images, "kind": kind, "seed": seed}
    return named | _percent(window_run(kind, scene, images, seed))


def window_table(
    seeds: Sequence[int], *, scenes: Sequence[Scene] = SCENES, images: Sequence[int] = IMAGES
) -> list[dict[str, object]]:
    """Measure all windows in all scenes with all numbers of training images, on all cores of the machine.

    Args:
        seeds: The seeds.
        scenes: The scenes.
        images: The numbers of training images.

    Returns:
        A row for each scene, number, kind and seed, with "accuracy", "pointing" and "inside" in percent.
    """
    jobs = list(product(scenes, images, KINDS, seeds))
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        return list(tqdm(pool.map(_window_row, jobs, chunksize=4), total=len(jobs), unit="training"))


def window_results(rows: Sequence[Mapping[str, str]], column: str = "pointing") -> dict[tuple[str, ...], list[float]]:
    """Sort a table of :func:`window_table`, as read, by what was trained.

    Args:
        rows: The table.
        column: "pointing", "inside" or "accuracy".

    Returns:
        For each (size, map, specks, images, kind), all as text, the values in percent in the order of the seeds.
    """
    found: dict[tuple[str, ...], dict[int, float]] = {}
    for row in rows:
        key = tuple(row[name] for name in ("size", "map", "specks", "images", "kind"))
        found.setdefault(key, {})[int(row["seed"])] = float(row[column])
    return {key: [values[seed] for seed in sorted(values)] for key, values in found.items()}


@torch.no_grad()
def template_results(sizes: Sequence[int], seeds: Sequence[int]) -> dict[tuple[int, str], list[float]]:
    """Measure how often the templates of :func:`convattn.lab.place_models.matched_gate` point into the target.

    Args:
        sizes: Sizes s of the targets, on maps of 28 x 28 without specks.
        seeds: Seeds of the test images, those of :func:`window_run`.

    Returns:
        For each (size, kind) that has a template, the pointing in percent in the order of the seeds.
    """
    found: dict[tuple[int, str], list[float]] = {}
    for size, seed in product(sizes, seeds):
        x, _, mask = held_out(Scene((size,)), seed)
        for kind in KINDS[:-1]:  # the last one, two convolutions, has no template
            share = place_probe.pointing(matched_gate(kind, size).eval().logits(x), mask)
            found.setdefault((size, kind), []).append(100 * share)
    return found
