"""The three orders with the same weights: how far they differ, and when the two sequential ones agree."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from convattn.cbam import CBAM, ORDERS, Order


def _logit(gate: float) -> float:
    if not 0 < gate <= 1:
        raise ValueError(f"gate must be above 0 and at most 1, got {gate!r}")
    return float(torch.logit(torch.tensor(gate, dtype=torch.float64)).clamp(max=40.0))  # sigmoid(40) is 1 in float32


def _norm(module: CBAM) -> nn.BatchNorm2d:
    if module.spatial.norm is None:
        raise ValueError("module must have batch norm in its spatial part, got norm=False")
    return module.spatial.norm


def constant_channel(module: CBAM, gate: float) -> None:
    """Make the channel gate of a CBAM with biases one number above 0 and at most 1; else ValueError."""
    nn.init.zeros_(module.channel.fc2.weight)
    nn.init.constant_(module.channel.fc2.bias, _logit(gate) / len(module.channel.pools))  # counts once for each pool


def constant_space(module: CBAM, gate: float) -> None:
    """Make the spatial gate of a CBAM with batch norm one number above 0 and at most 1; else ValueError."""
    norm = _norm(module)
    nn.init.zeros_(norm.weight)
    nn.init.constant_(norm.bias, _logit(gate))


@torch.no_grad()
def order_difference(prepare: Callable[[CBAM], None], x: Tensor, *, training: bool = False, seed: int = 0) -> float:
    """Compare channel first with space first, with the same weights.

    Args:
        prepare: Called with the module, to change it.
        x: Feature map (B, 8, H, W).
        training: Whether batch norm uses the statistics of the batch.
        seed: Seed of the weights.

    Returns:
        Largest difference of the outputs over the largest value of the first.
    """
    outputs = []
    for order in ("channel-spatial", "spatial-channel"):
        torch.manual_seed(seed)
        module = CBAM(8, hidden=4, kernel_size=3, order=order).train(training)
        prepare(module)
        outputs.append(module(x))
    return ((outputs[0] - outputs[1]).abs().max() / outputs[0].abs().max()).item()


@torch.no_grad()
def same_weights(
    make: Callable[[Order], CBAM], x: Tensor, *, seed: int = 0, gamma: float | None = None
) -> dict[str, Tensor]:
    """Run the three orders with the same weights, in eval mode.

    Args:
        make: Builds a CBAM for an order; the seed is set before each call.
        x: Feature map (B, C, H, W).
        seed: Seed of the weights.
        gamma: Batch-norm weight of the spatial gate, if it is to be changed.

    Returns:
        For each order the output (B, C, H, W).
    """
    outputs = {}
    for order in ORDERS:
        torch.manual_seed(seed)
        module = make(order).eval()
        if gamma is not None:
            nn.init.constant_(_norm(module).weight, gamma)
        outputs[order] = module(x)
    return outputs


def distance(a: Tensor, b: Tensor) -> float:
    """Return the Euclidean norm of ``a - b`` over that of ``b``."""
    return ((a - b).norm() / b.norm()).item()
