"""Networks for the probes, and the one way in which all of them are trained and scored."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from convattn.lab.probes import CHANNELS
from convattn.squeeze_excitation import SqueezeExcitation


def context_model(kind: str, *, channels: int = CHANNELS, width: int = 16, hidden: int = 4) -> nn.Module:
    """Build one of the networks that are compared on the context probe.

    Args:
        kind: "fixed" is one weight for each channel. "local K" looks at windows of K x K pixels (K odd) through
            ``width`` ReLU units. "gate" is squeeze-and-excitation, then one weight for each channel; "softmax gate"
            is the same with a softmax over the channels in place of the sigmoid; "zero-bias gate" is "gate" with
            the biases of its hidden units set to 0 at the start; "wide gate" is "gate" with 4 times as many hidden
            units.
        channels: Number of channels C of the input.
        width: Number of units of a local network.
        hidden: Number of hidden units of the gate.

    Returns:
        A module from (B, C, H, W) to logits (B, 1, H, W).

    Raises:
        ValueError: If ``kind`` is none of these.
    """
    name, _, side = kind.partition(" ")
    if kind == "fixed":
        return nn.Conv2d(channels, 1, 1)
    if kind in ("gate", "softmax gate", "zero-bias gate", "wide gate"):
        gate_fn = partial(torch.softmax, dim=1) if kind == "softmax gate" else torch.sigmoid
        hidden = 4 * hidden if kind == "wide gate" else hidden
        gate = SqueezeExcitation(channels, hidden=hidden, gate_fn=gate_fn)
        if kind == "zero-bias gate":
            nn.init.zeros_(gate.fc1.bias)
        return nn.Sequential(gate, nn.Conv2d(channels, 1, 1))
    if name == "local" and side.isdigit() and int(side) % 2 == 1:
        window = nn.Conv2d(channels, width, int(side), padding=int(side) // 2)
        return nn.Sequential(window, nn.ReLU(), nn.Conv2d(width, 1, 1))
    kinds = '"fixed", "gate", "softmax gate", "zero-bias gate", "wide gate" or "local K" with an odd K'
    raise ValueError(f"kind must be {kinds}, got {kind!r}")


def fit(
    model: nn.Module,
    draw: Callable[[], tuple[Tensor, Tensor]],
    *,
    steps: int = 400,
    rate: float = 0.02,
    watch: Callable[[nn.Module], None] = lambda model: None,
) -> nn.Module:
    """Train a network with Adam on the cross-entropy of a yes or no at each pixel.

    Args:
        model: Network from (B, C, H, W) to logits (B, 1, H, W); changed in place.
        draw: Returns a fresh batch: input (B, C, H, W) and answer (B, 1, H, W) with values 0 and 1.
        steps: Number of steps.
        rate: Learning rate at the start; it falls to 0 along half a cosine.
        watch: Called with the network before each step.

    Returns:
        The same network.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        watch(model)
        x, answer = draw()
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(model(x), answer).backward()
        optimizer.step()
        schedule.step()
    return model


@torch.no_grad()
def accuracy(model: nn.Module, x: Tensor, answer: Tensor) -> float:
    """Return the share of pixels where the network's yes or no is right, between 0 and 1."""
    return ((model(x) > 0) == (answer > 0.5)).float().mean().item()


@torch.no_grad()
def active_share(gate: SqueezeExcitation, x: Tensor) -> Tensor:
    """Return for each hidden unit of a gate the share of images for which its ReLU is above 0.

    If the share is 0 for all units, the gate is the same for all of these images, and no gradient reaches its first
    layer.

    Args:
        gate: The module.
        x: Images (B, C, H, W).

    Returns:
        Shares (hidden,), each between 0 and 1.
    """
    return (gate.fc1(x.mean(dim=(2, 3))) > 0).float().mean(dim=0)


class Frozen(nn.Module):
    """A gate that no longer sees the image: it multiplies by its mean over some images; a control.

    Args:
        module: Attention module with a method ``gate``.
        x: Images (B, C, H, W) over which the gate is averaged.
    """

    def __init__(self, module: nn.Module, x: Tensor) -> None:
        super().__init__()
        with torch.no_grad():
            self.register_buffer("mean", module.gate(x).mean(dim=0, keepdim=True))

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` times the mean gate."""
        return x * self.mean
