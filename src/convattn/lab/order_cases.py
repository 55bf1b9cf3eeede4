"""CBAM with gates that are made constant: when do its two sequential orders agree?"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from convattn.cbam import CBAM


def _logit(gate: float) -> float:
    if not 0 < gate <= 1:
        raise ValueError(f"gate must be above 0 and at most 1, got {gate!r}")
    return float(torch.logit(torch.tensor(gate, dtype=torch.float64)).clamp(max=40.0))  # sigmoid(40) is 1 in float32


def constant_channel(module: CBAM, gate: float) -> None:
    """Make the channel gate the same number for all channels and images.

    Args:
        module: CBAM with biases; changed in place.
        gate: The number, above 0 and at most 1.

    Raises:
        ValueError: If ``gate`` is outside this range.
    """
    nn.init.zeros_(module.channel.fc2.weight)
    nn.init.constant_(module.channel.fc2.bias, _logit(gate) / len(module.channel.pools))  # counts once for each pool


def constant_space(module: CBAM, gate: float) -> None:
    """Make the spatial gate the same number at all positions of all images.

    Args:
        module: CBAM with batch norm; changed in place.
        gate: The number, above 0 and at most 1.

    Raises:
        ValueError: If ``gate`` is outside this range.
    """
    nn.init.zeros_(module.spatial.norm.weight)
    nn.init.constant_(module.spatial.norm.bias, _logit(gate))


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
