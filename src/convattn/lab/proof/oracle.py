"""The oracle: the papers' equations in plain NumPy float64, written without torch and without the modules.

``state`` holds a module's parameters by their names in its ``state_dict``: ``fc1.weight``, ``conv.weight``,
``norm.running_mean`` and so on; a missing bias or norm is left out of the sum. Everything is computed in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
State = Mapping[str, ArrayLike]


def sigmoid(z: ArrayLike) -> Array:
    """Return 1 / (1 + exp(-z)), written so that no exponent is positive."""
    z = np.asarray(z, dtype=np.float64)
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, e) / (1.0 + e)


def part(state: State, prefix: str) -> dict[str, ArrayLike]:
    """Return the entries of ``state`` below ``prefix``, without it: ``part(cbam_state, "channel")``."""
    return {k.removeprefix(prefix + "."): v for k, v in state.items() if k.startswith(prefix + ".")}


def _known(name: str, values: Sequence[str], known: Sequence[str]) -> None:
    if not values or not set(values) <= set(known):
        raise ValueError(f"{name} must be of {', '.join(map(repr, known))}, got {values!r}")


def mlp(z: ArrayLike, state: State) -> Array:
    """Return W2 ReLU(W1 z + b1) + b2 for each row of ``z`` (B, C); SE equation 3, the MLP of CBAM equation 2."""
    z = np.asarray(z, dtype=np.float64)
    out = np.empty((len(z), len(np.asarray(state["fc2.weight"]))))
    for b, row in enumerate(z):
        h = np.asarray(state["fc1.weight"], np.float64) @ row + np.asarray(state.get("fc1.bias", 0.0))
        h = np.where(h > 0, h, 0.0)
        out[b] = np.asarray(state["fc2.weight"], np.float64) @ h + np.asarray(state.get("fc2.bias", 0.0))
    return out


def channel_logits(x: ArrayLike, state: State, pools: Sequence[str] = ("avg", "max")) -> Array:
    """Return the logits (B, C, 1, 1) of a channel gate for ``x`` (B, C, H, W); CBAM equation 2 before the sigmoid.

    ``pools=("avg",)`` is squeeze-and-excitation, SE equations 2 and 3.
    """
    _known("pools", pools, ("avg", "max"))
    x = np.asarray(x, dtype=np.float64)
    batch, channels, height, width = x.shape
    total = np.zeros((batch, channels))
    for pool in pools:
        flat = x.reshape(batch, channels, height * width)
        z = flat.sum(axis=2) / (height * width) if pool == "avg" else flat.max(axis=2)
        total += mlp(z, state)
    return total[:, :, None, None]


def spatial_logits(
    x: ArrayLike, state: State, pools: Sequence[str] = ("avg", "max"), *, training: bool = False, eps: float = 1e-5
) -> Array:
    """Return the logits (B, 1, H, W) of a spatial gate for ``x`` (B, C, H, W); CBAM equation 3 before the sigmoid.

    With ``training`` batch norm uses the statistics of the batch, else those in ``state``.
    """
    _known("pools", pools, ("avg", "max"))
    x = np.asarray(x, dtype=np.float64)
    batch, _, height, width = x.shape
    planes = [x.mean(axis=1) if pool == "avg" else x.max(axis=1) for pool in ("avg", "max") if pool in pools]
    kernel = np.asarray(state["conv.weight"], np.float64)[0]  # (P, k, k)
    k = kernel.shape[-1]
    out = np.zeros((batch, height, width))
    for plane, weights in zip(planes, kernel, strict=True):
        padded = np.zeros((batch, height + k - 1, width + k - 1))
        padded[:, k // 2 : k // 2 + height, k // 2 : k // 2 + width] = plane
        for i in range(k):  # out[y, x] = sum over i, j of weights[i, j] * padded[y + i, x + j]
            for j in range(k):
                out += weights[i, j] * padded[:, i : i + height, j : j + width]
    if "norm.weight" in state:
        mean = out.mean() if training else np.asarray(state["norm.running_mean"], np.float64)
        var = ((out - mean) ** 2).mean() if training else np.asarray(state["norm.running_var"], np.float64)
        gamma, beta = (np.asarray(state[f"norm.{name}"], np.float64) for name in ("weight", "bias"))
        out = (out - mean) / np.sqrt(var + eps) * gamma + beta
    return out[:, None]


def squeeze_excitation(x: ArrayLike, state: State) -> Array:
    """Return x * gate for squeeze-and-excitation, SE equation 4, shape (B, C, H, W)."""
    return np.asarray(x, np.float64) * sigmoid(channel_logits(x, state, ("avg",)))


def cbam(
    x: ArrayLike,
    state: State,
    *,
    order: str = "channel-spatial",
    channel_pools: Sequence[str] = ("avg", "max"),
    spatial_pools: Sequence[str] = ("avg", "max"),
    training: bool = False,
    gate_fn: Callable[[Array], Array] = sigmoid,
) -> Array:
    """Return the output (B, C, H, W) of CBAM, equation 1, in one of the three arrangements of its Table 3."""
    _known("order", [order], ("channel-spatial", "spatial-channel", "parallel"))
    x = np.asarray(x, dtype=np.float64)
    channel, spatial = part(state, "channel"), part(state, "spatial")
    if order == "channel-spatial":
        f1 = x * gate_fn(channel_logits(x, channel, channel_pools))
        return f1 * gate_fn(spatial_logits(f1, spatial, spatial_pools, training=training))
    if order == "spatial-channel":
        f1 = x * gate_fn(spatial_logits(x, spatial, spatial_pools, training=training))
        return f1 * gate_fn(channel_logits(f1, channel, channel_pools))
    both = channel_logits(x, channel, channel_pools) + spatial_logits(x, spatial, spatial_pools, training=training)
    return x * gate_fn(both)
