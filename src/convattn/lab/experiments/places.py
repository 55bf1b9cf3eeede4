"""Can a gate find the place that counts? The probe of chapter 3: only its brightness tells which cell has the answer.

The image is tiled by cells of s x s pixels (the tiling shifted at random), each with a random sign. The answer is the
sign of one of them, the target, which can be anywhere. Eight channels: 0 holds the signs, 1 the same with the other
sign, so that neither the mean nor the maximum across channels gives a sign away; 2 to 7 are noise of standard deviation
1, in which the target is brighter by D / (s sqrt(6)). So a window of s x s pixels over the mean of the six channels
sees the target at D standard deviations, whatever s is: every size can be found equally well by a window of its own.

Specks are single pixels, brighter by D / sqrt(6): targets of size 1, as far as brightness goes.

``places`` and ``windows`` train on a fixed set of images, from the sign of the target alone: 400 steps of 32 images,
Adam, rate 0.05 falling to 0. Measured on 1,000 new images, the same for all kinds of one seed: the share of right
signs; "pointing", how often the largest logit lies in the target; "inside", the share of the gate's mass there. Nothing
is selected, so there is no validation set. Pilot runs with the seeds 100 to 103 at 28 x 28 chose the learning rate and
the scale of the reading such that no gate was stuck; they also showed most of what is expected below, so these are no
blind predictions.

Protocol, fixed before the run: no gate, CBAM's channel gate (16 hidden units), its spatial gate (7 x 7), and as a
control each trained spatial gate frozen at its mean over the training images; targets of 5 x 5 on 28 x 28, 2,048
images, seeds 0 to 9. Expected: no gate at :func:`ceiling`, 58 %; the channel gate right on the same images as no gate,
since its positive factors cannot change the sign of a sum (where the sum is 0, in one image of 200, rounding decides);
the spatial gate above 95 %, pointing as often as the best template, 98 %; the frozen gate close to no gate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.stats import norm
from torch import Tensor, nn

from convattn.channel_attention import ChannelAttention
from convattn.lab import runs
from convattn.lab.experiments.parts import Frozen, ReadSign
from convattn.lab.theory.window import DETECTABILITY
from convattn.spatial_attention import SpatialAttention

CHANNELS, NOISY, SIZE, SIDE = 8, 6, 5, 28
ARMS = {"kind": ("no gate", "channel gate", "spatial gate", "frozen gate")}
SEEDS = range(10)


def draw(
    rng: Generator,
    images: int,
    *,
    sizes: Sequence[int] = (SIZE,),
    side: int = SIDE,
    specks: int = 0,
    correlation: float = 0.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw images.

    Args:
        rng: Source of randomness.
        images: Number of images B.
        sizes: Sides s of the cells in pixels; each image takes one of them at random.
        side: Height and width H of the map in pixels.
        specks: Number of specks in each image; two may fall on one pixel.
        correlation: Length over which the noise is correlated, in pixels, as in :func:`correlated`; 0 is white noise.

    Returns:
        Input (B, 8, H, H) in float32; answer (B,) with values 0 and 1; mask (B, 1, H, H), True in the target.

    Raises:
        ValueError: If ``images`` is less than 1, ``specks`` less than 0, or a size is not between 1 and ``side``.
    """
    if images < 1:
        raise ValueError(f"images must be >= 1, got {images!r}")
    if specks < 0:
        raise ValueError(f"specks must be >= 0, got {specks!r}")
    if not sizes or min(sizes) < 1 or max(sizes) > side:
        raise ValueError(f"sizes must be between 1 and side = {side!r}, got {sizes!r}")
    b = np.arange(images)[:, None, None]
    size = rng.choice(np.asarray(sizes), images)
    corner = rng.integers(0, (side - size + 1)[:, None], (images, 2))
    reach = -(-side // min(sizes))  # cells on each side of the target
    signs = 2 * rng.integers(0, 2, (images, 2 * reach + 1, 2 * reach + 1)) - 1
    cell = (np.arange(side) - corner[:, :, None]) // size[:, None, None]  # (B, 2, H): 0 in the target
    rows, columns = cell[:, 0, :, None], cell[:, 1, None, :]
    mask = (rows == 0) & (columns == 0)
    x = rng.standard_normal((images, CHANNELS, side, side), dtype=np.float32)
    if correlation:
        x = correlated(x, correlation)
    x[:, 0] = signs[b, rows + reach, columns + reach]
    x[:, 1] = -x[:, 0]
    x[:, 2:] += (DETECTABILITY / (size * NOISY**0.5)).astype(np.float32)[:, None, None, None] * mask[:, None]
    if specks:
        i, j = rng.integers(0, side, (2, images, specks))
        x[b[:, 0], 2:, i, j] += DETECTABILITY / NOISY**0.5  # (B, specks, 6)
    answer = (signs[:, reach, reach] > 0).astype(np.float32)
    return torch.from_numpy(x), torch.from_numpy(answer), torch.from_numpy(mask[:, None])


def correlated(white: NDArray[np.float32], length: float) -> NDArray[np.float32]:
    """Turn white noise (..., H, H) into noise whose pixels at distance d correlate by exp(-d / length).

    The map is taken as a torus, so that the noise is the same everywhere; its standard deviation stays 1.
    """
    across = np.minimum(np.arange(white.shape[-1]), white.shape[-1] - np.arange(white.shape[-1]))
    covariance = np.exp(-np.hypot(across[:, None], across) / length)
    spectrum = np.sqrt(np.maximum(np.fft.fft2(covariance).real, 0))
    return np.fft.ifft2(np.fft.fft2(white) * spectrum).real.astype(np.float32)


def pointing(gate: Tensor, mask: Tensor) -> float:
    """Return the share of images where the largest value of the gates or logits (B, 1, H, W) lies in the target."""
    place = gate.flatten(1).argmax(dim=1, keepdim=True)
    return mask.flatten(1).gather(1, place).float().mean().item()


def mass_inside(gate: Tensor, mask: Tensor) -> float:
    """Return the share of the sum of the gates (B, 1, H, W) that lies in the target, averaged over the images.

    Of a constant gate that is the share of the map that the target covers.
    """
    return ((gate * mask).sum(dim=(2, 3)) / gate.sum(dim=(2, 3))).mean().item()


def ceiling(size: int, side: int) -> float:
    """Return how often the sum of all signs has the sign of the target: the best that no gate can do.

    The other cells are taken to add up to a normal variable.

    Args:
        size: Side s of the cells in pixels.
        side: Height and width H of the map in pixels.

    Returns:
        Rate between 0.5 and 1, averaged over the places of the target.
    """
    rates = []
    for corner in range(side - size + 1):
        edges = np.arange(corner % size, side + 1, size)
        widths = np.diff(np.unique(np.concatenate([[0], edges, [side]]))).astype(float)
        rates.append((widths**2).sum())
    others = np.outer(rates, rates) - size**4  # variance of the sum of the other cells
    return float(norm.cdf(size**2 / np.sqrt(np.maximum(others, 1e-9))).mean())


def trained(
    make: Callable[[], nn.Module],
    seed: int,
    *,
    images: int = 2048,
    draw: runs.Draw = draw,
    steps: int = 400,
    rate: float = 0.05,
) -> ReadSign:
    """Train an attention module from the signs of the targets.

    Args:
        make: Builds the module, after the seed is set.
        seed: Seed of the weights and the training images.
        images: Number of training images, a multiple of 32.
        draw: Draws images; :func:`draw`, with other sizes of the target and the map if you like.
        steps: Number of steps of 32 images.
        rate: Learning rate at the start.

    Returns:
        The reading with the trained module as its ``module``, in eval mode.
    """
    source = runs.batches(draw, np.random.default_rng([seed, 0]), 32, images=images)
    return runs.fitted(lambda: ReadSign(make()), source, seed=seed, steps=steps, rate=rate)


@torch.no_grad()
def run(kind: str, seed: int, *, images: int = 2048, steps: int = 400) -> dict[str, float | None]:
    """Train one kind of gate and test it on 1,000 images, which depend on the seed alone.

    "agree" is the share of images where it says what no gate says; kinds without a map have no "pointing" and "inside".
    """
    makers: dict[str, Callable[[], nn.Module]] = {
        "no gate": nn.Identity,
        "channel gate": partial(ChannelAttention, CHANNELS, hidden=16),
        "spatial gate": SpatialAttention,
        "frozen gate": SpatialAttention,
    }
    with torch.enable_grad():
        model = trained(makers[kind], seed, images=images, steps=steps)
    if kind == "frozen gate":
        assert isinstance(model.module, SpatialAttention)
        model.module = Frozen(model.module, draw(np.random.default_rng([seed, 0]), images)[0])
    x, answer, mask = runs.held_out(draw, seed, 1000)
    plain = ReadSign(nn.Identity())(x) > 0  # no scale changes a sign
    map_ = model.module.gate(x) if isinstance(model.module, SpatialAttention | Frozen) else None
    return {
        "accuracy": runs.accuracy(model, x, answer),
        "agree": ((model(x) > 0) == plain).float().mean().item(),
        "pointing": None if map_ is None else pointing(map_, mask),
        "inside": None if map_ is None else mass_inside(map_, mask),
    }
