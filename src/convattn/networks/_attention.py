"""Attention at a place of a network, shared by the networks: what ``attention="cbam"`` means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from torch import nn

from convattn.cbam import CBAM
from convattn.spatial_attention import SpatialAttention
from convattn.squeeze_excitation import SqueezeExcitation

Attention: TypeAlias = "Literal['se', 'cbam'] | Callable[[int], nn.Module | None] | None"


def build(attention: Attention, channels: int) -> nn.Module | None:
    """Return a new attention module for ``channels`` channels, or None."""
    if attention is None:
        return None
    if attention == "se":
        return SqueezeExcitation(channels)
    if attention == "cbam":
        return CBAM(channels)
    if callable(attention) and not isinstance(attention, nn.Module):  # one module cannot serve every place
        made = attention(channels)
        if made is not None and not isinstance(made, nn.Module):
            raise ValueError(f"attention must return a module or None for {channels} channels, got {made!r}")
        return made
    raise ValueError(f"attention must be None, 'se', 'cbam' or a function from channels to a module, got {attention!r}")


def close_gates(network: nn.Module) -> None:
    """Set the batch-norm weight of each spatial gate to 0, so that the gate starts at sigmoid(0) = 1/2 everywhere."""
    norms = [m.norm for m in network.modules() if isinstance(m, SpatialAttention) and m.norm is not None]
    if not norms:
        raise ValueError("zero_gate must be False without spatial attention that has batch norm, got True")
    for norm in norms:
        nn.init.zeros_(norm.weight)
