"""Every step of SE, channel attention, spatial attention or CBAM on one small image, as coloured cells."""

from __future__ import annotations

import torch
from torch import Tensor

from convattn.cbam import CBAM
from convattn.channel_attention import ChannelAttention
from convattn.lab.show.cells import ByHand, Cells, Step
from convattn.spatial_attention import SpatialAttention
from convattn.squeeze_excitation import SqueezeExcitation

ChannelGate = SqueezeExcitation | ChannelAttention


def _maps(x: Tensor, name: str) -> list[Cells | str]:
    return [Cells(plane, f"{name}, channel {number}") for number, plane in enumerate(x[0])]


def _channel(module: ChannelGate, x: Tensor) -> list[Step]:
    """Return the steps from a map (1, C, H, W) to its channel gate."""
    found = {"avg": ("Mean", "means", x.mean(dim=(2, 3))), "max": ("Maximum", "maxima", x.amax(dim=(2, 3)))}
    pools = module.pools if isinstance(module, ChannelAttention) else ("avg",)
    steps, rows = [], []
    for pool in pools:
        title, label, vector = found[pool]  # (1, C)
        hidden = module.fc1(vector)  # (1, C) -> (1, hidden)
        rows.append(module.fc2(torch.relu(hidden))[0])  # (1, hidden) -> (C,)
        parts = [Cells(vector[0], label), "W₀ →", Cells(hidden[0], "hidden", "logit"), "ReLU, W₁ →"]
        mlp = "the same MLP" if steps else "the MLP"
        steps.append(Step(f"{title} over the positions, then {mlp}", [*parts, Cells(rows[-1], "", "logit")]))
    name = "gate s" if isinstance(module, SqueezeExcitation) else "gate Mc"
    gate = Cells(module.gate(x).ravel(), name, "gate")
    if len(rows) == 1:
        return [*steps, Step("σ: which channels?", [Cells(rows[0], "logits", "logit"), "→ σ →", gate])]
    return [*steps, Step("Add, then σ: which channels?", [Cells(sum(rows), "sum", "logit"), "→ σ →", gate])]


def _spatial(module: SpatialAttention, x: Tensor) -> list[Step]:
    """Return the steps from a map (1, C, H, W) to its spatial gate."""
    found = {"avg": ("mean", x.mean(dim=1)[0]), "max": ("maximum", x.amax(dim=1)[0])}  # (H, W)
    names = " and ".join(found[pool][0] for pool in module.pools)
    logits, gate = module.logits(x)[0, 0], module.gate(x)[0, 0]
    side = module.conv.kernel_size[0]
    return [
        Step(
            f"{names.capitalize()} over the channels", [Cells(found[pool][1], found[pool][0]) for pool in module.pools]
        ),
        Step(
            "Convolve, then σ: which positions?",
            [Cells(logits, f"{side} × {side} conv", "logit"), "→ σ →", Cells(gate, "gate Ms", "gate")],
        ),
    ]


def step_by_step(module: ChannelGate | SpatialAttention | CBAM, x: Tensor) -> ByHand:
    """Draw each step of a module on one small image.

    Args:
        module: SE, a part of CBAM, or CBAM with one gate after the other; in eval mode.
        x: Feature map (1, C, H, W).

    Returns:
        The drawing.

    Raises:
        ValueError: If ``x`` is not one image, or CBAM's two gates are parallel.
    """
    if x.ndim != 4 or len(x) != 1:
        raise ValueError(f"x must be one image (1, C, H, W), got {tuple(x.shape)}")
    gates: list[ChannelGate | SpatialAttention]
    if isinstance(module, CBAM):
        if module.order == "parallel":
            raise ValueError(f"module must have one gate after the other, got order={module.order!r}")
        gates = [module.channel, module.spatial]
        if module.order == "spatial-channel":
            gates.reverse()
    else:
        gates = [module]
    names = ["F", "F′", "F″"]
    if isinstance(module, SqueezeExcitation):
        names = ["x", "x̃"]
    elif isinstance(module, SpatialAttention):
        names = names[1:]  # what CBAM's spatial gate reads
    steps = [Step(f"The map {names[0]}", _maps(x, names[0]))]
    with torch.no_grad():
        for gate, name in zip(gates, names[1:], strict=False):
            steps += _spatial(gate, x) if isinstance(gate, SpatialAttention) else _channel(gate, x)
            x = gate(x)
            each = "position" if isinstance(gate, SpatialAttention) else "channel"
            steps.append(Step(f"Multiply each {each} by its number", _maps(x, name)))
    return ByHand(steps, caption=f"{type(module).__name__} by hand")
