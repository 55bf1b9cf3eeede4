"""How large a window? Spatial gates with windows of eight shapes, on the probe of ``places``.

Protocol, fixed before the run: all kinds of ``KINDS``, 32, 256 and 2,048 training images, in the scenes below, seeds 0
to 5. Expected: the number of taps that lie on the target decides, as in :func:`template`. With 2,048 images each K x K
points as often as its template, less a few points. So 3 x 3 is best for targets of 3, 5 x 5 for 5, 9 x 9 for 9; what is
larger loses little with 2,048 images and much with 32. 7 x 7 minus 3 x 3: below zero for 3, except with 2,048 images,
where they are close; above zero for 5 with 256 or more; above zero for 9. "3 x 3, dilation 3" is never above 3 x 3,
since 1, 4 and 9 of its taps lie on targets of 3, 5 and 9. "two 3 x 3" is close to 5 x 5. A larger map has more places
to be wrong, which lowers all and keeps their order. Specks lower all, the small kernels most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product
from typing import Literal

import torch
from torch import Tensor, nn

from convattn.lab import runs, stats
from convattn.lab.experiments import places
from convattn.spatial_attention import SpatialAttention

KINDS = (*(f"{k} x {k}" for k in (1, 3, 5, 7, 9, 11)), "3 x 3, dilation 3", "two 3 x 3")
MIXED = (3, 5, 9)
SCENES = (  # side of the target ("mixed": one of three), side of the map, specks
    *((size, side, 0) for side, size in product((14, 28, 56), MIXED)),
    ("mixed", 28, 0),
    *((size, 28, 20) for size in MIXED),
    ("mixed", 28, 20),
)
ARMS = {("size", "map", "specks"): SCENES, "images": (32, 256, 2048), "kind": KINDS}
SEEDS = range(6)
QUESTIONS = (("7 x 7", "3 x 3"), ("3 x 3, dilation 3", "3 x 3"), ("two 3 x 3", "5 x 5"))


def spatial_gate(kind: str) -> SpatialAttention:
    """Build a spatial gate.

    Args:
        kind: One of ``KINDS``. "K x K" is :class:`convattn.SpatialAttention` as it is; "3 x 3, dilation 3" spans 7
            pixels with 9 taps, two pixels left out between neighbours; "two 3 x 3" is 3 x 3 from two planes to two,
            ReLU, 3 x 3 to one, which spans 5 pixels.

    Returns:
        The module, with batch norm.

    Raises:
        ValueError: If ``kind`` is not one of ``KINDS``.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS}, got {kind!r}")
    if kind == "3 x 3, dilation 3":
        gate = SpatialAttention(kernel_size=3)
        gate.conv = nn.Conv2d(2, 1, 3, padding=3, dilation=3, bias=False)
    elif kind == "two 3 x 3":
        gate = SpatialAttention(kernel_size=3)
        first = nn.Conv2d(2, 2, 3, padding=1, bias=False)
        gate.add_module("conv", nn.Sequential(first, nn.ReLU(), nn.Conv2d(2, 1, 3, padding=1, bias=False)))
    else:
        gate = SpatialAttention(kernel_size=int(kind.split()[0]))
    return gate


def template(kind: str, size: int) -> Tensor:
    """Return the taps with which a window sees a bright square best in white noise: 1 where it can lie on it, else 0.

    Args:
        kind: One of ``KINDS`` but "two 3 x 3".
        size: Side of the square in pixels.

    Returns:
        Taps (K, K) for the plane of the average, in the places where the square covers as many of them as possible.

    Raises:
        ValueError: If ``kind`` is "two 3 x 3" or unknown.
    """
    if kind not in KINDS or kind == "two 3 x 3":
        raise ValueError(f'kind must be one of {KINDS} but "two 3 x 3", got {kind!r}')
    conv = spatial_gate(kind).conv
    places = conv.dilation[0] * torch.arange(conv.kernel_size[0])  # of the taps along one side, in pixels
    # an odd square that is centred on the window, or for spread taps on the largest group that it covers
    groups = [(places >= start) & (places < start + size) for start in range(int(places[-1]) + 1)]
    centred = [(group.sum().item(), -abs((places[group].float().mean() - places[-1] / 2).item())) for group in groups]
    inside = groups[max(range(len(groups)), key=lambda i: centred[i])].float()
    return torch.outer(inside, inside)


def matched_gate(kind: str, size: int) -> SpatialAttention:
    """Build a gate with the weights of :func:`template` on the average and 0 on the maximum; nothing is learned."""
    gate = spatial_gate(kind)
    with torch.no_grad():
        gate.conv.weight.zero_()
        gate.conv.weight[0, 0] = template(kind, size)
    return gate


def draw(size: int | Literal["mixed"], side: int = places.SIDE, specks: int = 0) -> runs.Draw:
    """Return what draws the images of a scene: :func:`convattn.lab.experiments.places.draw` with its options."""
    sizes = (size,) if isinstance(size, int) else MIXED
    return partial(places.draw, sizes=sizes, side=side, specks=specks)


@torch.no_grad()
def run(
    size: int | Literal["mixed"], map: int, specks: int, images: int, kind: str, seed: int, *, steps: int = 400
) -> dict[str, float]:
    """Train one kind of spatial gate and test it on 1,000 images, which depend on the seed and the scene alone."""
    scene = draw(size, map, specks)
    with torch.enable_grad():
        model = places.trained(partial(spatial_gate, kind), seed, images=images, draw=scene, steps=steps)
    x, answer, mask = runs.held_out(scene, seed, 1000)
    gate = model.module
    assert isinstance(gate, SpatialAttention)
    return {
        "accuracy": runs.accuracy(model, x, answer),
        "pointing": places.pointing(gate.logits(x), mask),
        "inside": places.mass_inside(gate.gate(x), mask),
    }


@torch.no_grad()
def ceiling(sizes: Sequence[int], seeds: Sequence[int]) -> dict[tuple[int, str], list[float]]:
    """Measure how often the templates of :func:`matched_gate` point into the target; nothing is learned.

    Args:
        sizes: Sides s of the targets, on maps of 28 x 28 without specks.
        seeds: Seeds of the test images, those of :func:`run`.

    Returns:
        For each (size, kind) that has a template, the pointing in percent in the order of the seeds.
    """
    found: dict[tuple[int, str], list[float]] = {}
    for size, seed in product(sizes, seeds):
        x, _, mask = runs.held_out(draw(size), seed, 1000)
        for kind in KINDS[:-1]:  # the last one, two convolutions, has no template
            share = places.pointing(matched_gate(kind, size).eval().logits(x), mask)
            found.setdefault((size, kind), []).append(100 * share)
    return found


def contrasts(rows: Sequence[Mapping[str, str]]) -> dict[tuple[str, ...], stats.Difference]:
    """Compare the pointing of two windows in every case, as three ``QUESTIONS`` ask: one family of 126 contrasts.

    The first edition's protocol named the questions and no correction.

    Args:
        rows: The table, as read.

    Returns:
        The difference in points by (one, other, size, map, specks, images), all as text.
    """
    found = runs.by(rows, "size", "map", "specks", "images", "kind", value="pointing")
    pairs = {}
    for (one, other), case in product(QUESTIONS, dict.fromkeys(key[:-1] for key in found)):
        pairs[one, other, *case] = found[*case, one], found[*case, other]
    return stats.family(pairs)
