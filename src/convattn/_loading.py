"""What the modules accept when they load weights, beside their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def flatten_weights(state_dict: dict[str, Any], prefix: str, layers: Iterable[str]) -> None:
    """Turn weights of 1 x 1 convolutions (D, C, 1, 1) into those of linear layers (D, C), in place.

    Many codes write the MLP of a channel gate as convolutions, which mean the same.

    Args:
        state_dict: The copy that ``load_state_dict`` makes of what it was given.
        prefix: Name of the module in it, with a dot at the end unless it is empty.
        layers: Names of the module's linear layers.
    """
    for key in (f"{prefix}{layer}.weight" for layer in layers):
        if key in state_dict and tuple(state_dict[key].shape[2:]) == (1, 1):
            state_dict[key] = state_dict[key].flatten(1)  # (D, C, 1, 1) -> (D, C)
