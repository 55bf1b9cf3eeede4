"""Checks of arguments and inputs, shared by the modules: each error names what was given and what is allowed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Literal, get_args

from torch import Tensor, fx, nn

Pool = Literal["avg", "max"]
POOLS: tuple[Pool, ...] = get_args(Pool)  # the paper's order


def at_least_one(name: str, value: int) -> int:
    """Return ``value`` if it is an integer of 1 or more, else raise ValueError."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be an integer >= 1, got {value!r}")
    return int(value)


def hidden_width(channels: int, reduction: int, hidden: int | None) -> int:
    """Return the number of hidden units of the MLP: ``hidden`` if given, else ``channels // reduction``."""
    at_least_one("channels", channels)
    at_least_one("reduction", reduction)
    if hidden is not None:
        return at_least_one("hidden", hidden)
    if channels // reduction == 0:
        # A layer of no units would build, and its gate would ignore the image.
        raise ValueError(
            f"channels // reduction must be >= 1, got {channels} // {reduction} = 0; "
            f"allowed: reduction <= {channels}, or an explicit hidden >= 1"
        )
    return int(channels // reduction)


def pool_names(name: str, pools: Sequence[Pool]) -> tuple[Pool, ...]:
    """Return ``pools`` in the paper's order, average then maximum, or raise ValueError."""
    given = list(pools) if isinstance(pools, Sequence) and not isinstance(pools, str) else []
    known: list[Pool] = [pool for pool in POOLS if pool in given]
    if not given or len(known) != len(given):
        raise ValueError(f'{name} must be ("avg",), ("max",) or ("avg", "max"), got {pools!r}')
    return tuple(known)


def gate_function(gate_fn: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Return ``gate_fn`` if it can be called with a tensor, a module as a copy of its own, or raise ValueError."""
    if not callable(gate_fn) or isinstance(gate_fn, type):
        raise ValueError(f"gate_fn must be a function of a tensor, or a module and not its class, got {gate_fn!r}")
    return copy.deepcopy(gate_fn) if isinstance(gate_fn, nn.Module) else gate_fn


def flag(name: str, value: bool) -> bool:
    """Return ``value`` if it is True or False, else raise ValueError."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, got {value!r}")
    return value


def feature_map(x: Tensor, channels: int | None = None) -> None:
    """Raise unless ``x`` is a floating (B, C, H, W) tensor with something to pool; B = 0 is allowed."""
    if isinstance(x, fx.Proxy):  # torch.fx traces without values or shapes
        return
    if not isinstance(x, Tensor):
        raise TypeError(f"input must be a tensor, got {type(x).__name__}")
    if not x.is_floating_point():
        raise TypeError(f"input must be a floating-point tensor, got dtype {x.dtype}")
    if x.ndim != 4:
        raise ValueError(f"input must have 4 dimensions (B, C, H, W), got {x.ndim}: {tuple(x.shape)}")
    if channels is not None and x.shape[1] != channels:
        raise ValueError(f"input must have {channels} channels (B, {channels}, H, W), got {tuple(x.shape)}")
    if x.shape[1] == 0 or x.shape[2] == 0 or x.shape[3] == 0:
        raise ValueError(f"input must have C, H and W >= 1, got {tuple(x.shape)}")
