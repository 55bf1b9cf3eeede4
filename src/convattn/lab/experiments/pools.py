"""Average, maximum or both: which map to read is told by an average, by a maximum, by both, or by neither (chapter 2).

As in the context probe, some channels hold maps of random signs; one of them is the answer, and the task is to give its
sign at each pixel. What tells which one differs. The channels that tell it hold 12 x 12 pixels of noise of standard
deviation 1, and on top:

- "average": the noise has mean +0.25 or -0.25, except for one pixel at 8, which is brightest in both cases. The maximum
  is blind.
- "maximum": one pixel is brighter by 6, or six pixels by 1. The sum is the same, so the average is blind.
- "both": four candidate maps; one channel of the first kind and one of the second give a bit each.
- "arrangement": vertical or horizontal stripes of +1 and -1. Average and maximum are both blind.

Protocol, fixed before the run: five kinds of gate (average, maximum, both with one shared MLP as in CBAM, both with two
MLPs, both with averaged gates), four tasks, seeds 0 to 9; 16 hidden units, 400 steps of 64 fresh images, Adam, rate
0.01 falling to 0, chosen on the seeds 100 to 103 so that each pool learns its own task; for each seed the same 2,000
test images for all kinds. Each trained gate is then tested on the same images with its context channels damaged: "hot",
one random pixel of each context channel raised by 20; "dark", a random square of 6 x 6 pixels of each set to 0.

Expected. Clean: every kind at the ceiling of :func:`ceiling` for its pools, except "averaged gates", which may stay
below where one descriptor has to close a gate alone. Hot: the average on its task loses little, since one pixel moves
it by 20 / 144 = 0.14 where the classes are 0.5 apart; the maximum on its task falls to chance, since the hot pixel is
always the brightest. What "both" does on the task of the average is the test of "more robust": it can ignore the
maximum, but nothing in training told it to. Dark: both pools lose some, the maximum where the bright pixel lies in the
square, a quarter of the images.

The protocol of the first edition, which named no test. What "hot" and "dark" say of robustness hangs on damage to two
channels at once with values that training never shows; ``robustness`` asks again.

What a gate multiplies is read by fixed weights, so that a gate is all that is learned: the sum of the candidate
channels, times 4. (With learned weights a weight that starts negative can push its gate shut before it turns positive;
pilot runs with the seeds 100 to 103 showed gates stuck there.)
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import log_ndtr
from scipy.stats import norm
from torch import Tensor, nn

from convattn.channel_attention import ChannelAttention
from convattn.lab import runs

KINDS = ("average", "maximum", "both", "two MLPs", "averaged gates")
TASKS = ("average", "maximum", "both", "arrangement")
CHANNELS, SIZE, SHIFT, PEAK, BRIGHT, SPREAD = 8, 12, 0.25, 8.0, 6.0, 6
PIXELS = SIZE * SIZE
CONTEXT = (4, 5)  # the channels that may tell which map to read
HOT, DARK = 20.0, 6
ARMS = {"task": TASKS, "kind": KINDS}
SEEDS = range(10)

Bits = NDArray[np.bool_]


def candidates(task: str) -> int:
    """Return the number of channels, the first ones, that may hold the answer: 4 for "both", else 2."""
    return 4 if task == "both" else 2


def _add_average(maps: NDArray[np.float32], bit: Bits) -> None:  # maps: (B, H * W)
    peak = maps[:, 0] + PEAK
    maps += np.where(bit, SHIFT, -SHIFT).astype("float32")[:, None]
    maps[:, 0] = peak


def _add_maximum(maps: NDArray[np.float32], bit: Bits) -> None:
    maps[bit, 0] += BRIGHT
    maps[~bit, :SPREAD] += BRIGHT / SPREAD


def _add_arrangement(maps: NDArray[np.float32], bit: Bits) -> None:
    columns = np.where(np.arange(PIXELS) % SIZE % 2 == 0, 1, -1)
    rows = np.where(np.arange(PIXELS) // SIZE % 2 == 0, 1, -1)
    maps += np.where(bit[:, None], columns, rows).astype("float32")


def draw(rng: Generator, images: int, task: str) -> tuple[Tensor, Tensor, NDArray[np.int64]]:
    """Draw images of one task.

    Channels 0 to 3 are random signs, of which 0 and 1 (for "both", all four) are candidates; channel 4 carries the
    first bit, channel 5 the second one of "both"; the rest is noise.

    Args:
        rng: Source of randomness.
        images: Number of images B.
        task: One of ``TASKS``.

    Returns:
        Input (B, 8, 12, 12) in float32; answer (B, 1, 12, 12) with values 0 and 1; index of the channel that holds
        the answer (B,).

    Raises:
        ValueError: If ``task`` is not one of ``TASKS`` or ``images`` is less than 1.
    """
    if task not in TASKS:
        raise ValueError(f"task must be one of {TASKS}, got {task!r}")
    if images < 1:
        raise ValueError(f"images must be >= 1, got {images!r}")
    bits = rng.integers(0, 2, (2, images)).astype(bool)
    x = rng.standard_normal((images, CHANNELS, PIXELS), dtype="float32")
    signs = rng.integers(0, 2, (images, 4, PIXELS))
    x[:, :4] = 2 * signs - 1
    if task == "arrangement":
        _add_arrangement(x[:, 4], bits[0])
    elif task == "maximum":
        _add_maximum(x[:, 4], bits[0])
    else:
        _add_average(x[:, 4], bits[0])
    if task == "both":
        _add_maximum(x[:, 5], bits[1])
    if task != "arrangement":  # each image its own places of the bright pixels
        order = rng.permuted(np.tile(np.arange(PIXELS), (images, 1)), axis=1)
        for channel in CONTEXT:
            x[:, channel] = np.take_along_axis(x[:, channel], order, axis=1)
    source = bits[0] + 2 * bits[1] if task == "both" else bits[0].astype(np.int64)
    answer = signs[np.arange(images), source].reshape(images, 1, SIZE, SIZE)
    return (
        torch.from_numpy(x.reshape(images, CHANNELS, SIZE, SIZE)),
        torch.from_numpy(answer).float(),
        source,
    )


def chance_of_bit(kind: str, pool: str) -> float:
    """Return the chance that the best guess of a bit is right, from one pool of its channel.

    Args:
        kind: "average" or "maximum", the task whose bit it is.
        pool: "avg" or "max".

    Returns:
        Chance between 0.5 and 1.
    """
    t = np.arange(-2.0, 14.0, 0.001)
    if pool == "avg":  # equal for both cases of "maximum"
        return float(norm.cdf(SHIFT * (PIXELS - 1) / PIXELS**0.5)) if kind == "average" else 0.5
    if kind == "maximum":  # logarithms of P(maximum <= t)
        one = [log_ndtr(t - BRIGHT) + (PIXELS - 1) * log_ndtr(t)]
        six = [SPREAD * log_ndtr(t - BRIGHT / SPREAD) + (PIXELS - SPREAD) * log_ndtr(t)]
    else:
        one, six = ([log_ndtr(t - PEAK) + (PIXELS - 1) * log_ndtr(t - s)] for s in (SHIFT, -SHIFT))
    difference = np.exp(six[0]) - np.exp(one[0])
    return float(0.5 + np.abs(difference).max() / 2)


def ceiling(task: str, pools: tuple[str, ...]) -> float:
    """Return the expected share of right signs when each bit is guessed as well as the pools allow.

    With several candidates between which nothing decides, the best answer is the majority of their signs; else the sign
    of the map that the guessed bits name.

    Args:
        task: One of ``TASKS``.
        pools: The pools that are seen: "avg", "max" or both.

    Returns:
        Share between 0.5 and 1.

    Raises:
        ValueError: If ``task`` is not one of ``TASKS``.
    """
    if task not in TASKS:
        raise ValueError(f"task must be one of {TASKS}, got {task!r}")
    if task == "arrangement":
        return 0.75
    kinds = ("average", "maximum") if task == "both" else (task,)
    known, undecided = 1.0, 1
    for kind in kinds:
        chance = max(chance_of_bit(kind, pool) for pool in pools)
        if chance < 0.51:
            undecided *= 2
        else:
            known *= chance
    votes = [sum(signs) for signs in product((-1, 1), repeat=undecided - 1)]  # of the other candidates
    majority = sum(1 if vote + 1 > 0 else 0.5 if vote + 1 == 0 else 0 for vote in votes) / len(votes)
    return known * majority + (1 - known) * 0.5


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
        for channel in CONTEXT:
            i, j = rng.integers(0, SIZE - side + 1, 2)
            if kind == "hot":
                image[channel, i, j] += HOT
            else:
                image[channel, i : i + side, j : j + side] = 0
    return x


class AveragedGates(ChannelAttention):
    """Channel attention that averages two gates, where the paper adds two logits before one sigmoid.

    The mean of two sigmoids lies between them, so that one descriptor alone can neither close the gate nor open it.
    """

    def gate(self, x: Tensor) -> Tensor:
        """Compute the mean of the gates of the descriptors, (B, C, 1, 1)."""
        descriptors = torch.stack([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1)  # (B, 2, C)
        gates = self.gate_fn(self.fc2(torch.relu(self.fc1(descriptors))))  # (B, 2, C)
        return gates.mean(dim=1)[:, :, None, None]


class SeparateMLPs(nn.Module):
    """Channel attention in which the average and the maximum each have an MLP of their own, where CBAM shares one.

    Args:
        channels: Number of channels C of the input.
        hidden: Number of hidden units of each MLP.
    """

    def __init__(self, channels: int, *, hidden: int) -> None:
        super().__init__()
        self.average = ChannelAttention(channels, hidden=hidden, pools=("avg",))
        self.maximum = ChannelAttention(channels, hidden=hidden, pools=("max",))

    def gate(self, x: Tensor) -> Tensor:
        """Compute the sigmoid of the sum of both logits, (B, C, 1, 1)."""
        return torch.sigmoid(self.average.logits(x) + self.maximum.logits(x))

    def forward(self, x: Tensor) -> Tensor:
        """Rescale the channels: ``x * gate(x)``."""
        return x * self.gate(x)


class ReadCandidates(nn.Module):
    """Give 4 times the sum of the first channels: the logit of a sign, if the gate leaves one of them open.

    Args:
        candidates: Number of channels that are summed.
    """

    def __init__(self, candidates: int) -> None:
        super().__init__()
        self.candidates = candidates

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (B, 1, H, W) for ``x`` (B, C, H, W)."""
        return 4 * x[:, : self.candidates].sum(dim=1, keepdim=True)


def network(kind: str, task: str) -> nn.Sequential:
    """Build a channel gate and the fixed weights that read what it leaves.

    Args:
        kind: One of ``KINDS``: the pools of :class:`convattn.ChannelAttention`, or a variant that has both.
        task: One of ``TASKS``; it decides how many candidates there are.

    Returns:
        A module from (B, C, H, W) to logits (B, 1, H, W).

    Raises:
        ValueError: If ``kind`` is not one of ``KINDS``.
    """
    gates: dict[str, Callable[[], nn.Module]] = {
        "average": lambda: ChannelAttention(CHANNELS, hidden=16, pools=("avg",)),
        "maximum": lambda: ChannelAttention(CHANNELS, hidden=16, pools=("max",)),
        "both": lambda: ChannelAttention(CHANNELS, hidden=16),
        "two MLPs": lambda: SeparateMLPs(CHANNELS, hidden=16),
        "averaged gates": lambda: AveragedGates(CHANNELS, hidden=16),
    }
    if kind not in gates:
        raise ValueError(f"kind must be one of {KINDS}, got {kind!r}")
    return nn.Sequential(gates[kind](), ReadCandidates(candidates(task)))


def trained(kind: str, task: str, seed: int, *, steps: int = 400) -> nn.Sequential:
    """Train one gate on one task with ``steps`` batches of 64 images; the seed sets the images and the weights."""
    source = runs.batches(lambda rng, images: draw(rng, images, task), np.random.default_rng([seed, 0]), 64)
    return runs.fitted(lambda: network(kind, task), source, seed=seed, steps=steps, rate=0.01)


def with_damage(rng: Generator, images: int, task: str) -> tuple[dict[str, Tensor], Tensor, NDArray[np.int64]]:
    """Draw images as :func:`draw` does, and damage them: a dictionary of "clean", "hot" and "dark" ones."""
    x, answer, source = draw(rng, images, task)
    return {"clean": x} | {name: damaged(x, rng, name) for name in ("hot", "dark")}, answer, source


def run(task: str, kind: str, seed: int, *, steps: int = 400) -> dict[str, float]:
    """Train one gate on one task: share of right signs on "clean", "hot" and "dark" images."""
    model = trained(kind, task, seed, steps=steps)
    images, answer, _ = runs.held_out(lambda rng, n: with_damage(rng, n, task), seed, 2000)
    return {name: runs.accuracy(model, x, answer) for name, x in images.items()}
