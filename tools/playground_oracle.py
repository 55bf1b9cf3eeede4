"""What convattn computes for the playground's test: JSON cases on stdin, every intermediate as JSON on stdout.

A case has either ``python``, lines that the playground copied, which are run and must define ``x``, ``cbam`` and ``y``;
or ``x`` and the weights and options that the arithmetic in cbam.mjs takes. ``channel`` and ``spatial`` say whether each
gate is live, off or frozen, and at which logits.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys

import torch
from torch import Tensor

from convattn import CBAM


def module(case: dict, dtype: torch.dtype) -> CBAM:
    """Return the module of a case in eval mode, with the weights given."""
    options, w = case["options"], case["weights"]
    cbam = CBAM(
        len(case["x"]),
        hidden=len(w["w0"]),
        kernel_size=options["kernel"],
        order=options["order"],
        channel_pools=options["channelPools"],
        spatial_pools=options["spatialPools"],
    ).to(dtype)
    k = options["kernel"]
    values = {
        "channel.fc1.weight": w["w0"],
        "channel.fc1.bias": w["b0"],
        "channel.fc2.weight": w["w1"],
        "channel.fc2.bias": w["b1"],
        "spatial.conv.weight": torch.tensor(w["conv"], dtype=dtype).view(1, -1, k, k),
        "spatial.norm.weight": [w["gamma"]],
        "spatial.norm.bias": [w["beta"]],
    }
    cbam.load_state_dict({name: torch.as_tensor(value, dtype=dtype) for name, value in values.items()}, strict=False)
    return cbam.eval()


@torch.no_grad()
def intermediates(cbam: CBAM, x: Tensor, options: dict) -> dict[str, Tensor]:
    """Run a module on one image and keep what its layers get and give; gates may be off or frozen."""
    seen: dict[str, Tensor] = {}
    hooks = [
        layer.register_forward_hook(lambda _, i, o, name=name: seen.update({f"{name} in": i[0], f"{name} out": o}))
        for name, layer in cbam.named_modules()
        if name in ("channel.fc1", "channel.fc2", "spatial.conv")
    ]

    def gate(part: str, read: Tensor) -> Tensor:
        attention, mode = getattr(cbam, part), options[part]["mode"]
        seen[f"{part} logits"] = attention.logits(read)
        shape = seen[f"{part} logits"].shape
        if mode == "live":
            return attention.gate(read)
        if mode == "off":
            return torch.ones(shape).to(x)
        seen[f"{part} logits"] = torch.tensor(options[part]["frozen"], dtype=x.dtype).view(shape)
        return attention.gate_fn(seen[f"{part} logits"])

    parts = ("channel", "spatial")
    live = all(options[part]["mode"] == "live" for part in parts)
    if cbam.order == "parallel":
        for part in parts:
            seen[f"{part} gate"] = gate(part, x)
        added = [seen[f"{part} logits"] for part in parts if options[part]["mode"] != "off"]
        seen["whole"] = cbam.gate_fn(sum(added) + torch.zeros_like(x)) if added else torch.ones_like(x)
        seen["output"] = x * seen["whole"]
        if live:
            seen["output"], seen["whole"] = cbam(x), cbam.gate(x)
    else:
        first, second = cbam.order.split("-")
        seen[f"{first} gate"] = gate(first, x)
        seen["refined"] = x * seen[f"{first} gate"]
        seen[f"{second} gate"] = gate(second, seen["refined"])
        seen["output"] = seen["refined"] * seen[f"{second} gate"]
        if live:
            seen["output"] = cbam(x)
            seen["channel gate"], seen["spatial gate"] = cbam.gates(x)
    for hook in hooks:
        hook.remove()
    return seen


def answer(case: dict, dtype: torch.dtype) -> dict[str, object]:
    """Return all intermediates of a case as lists, named as the playground names them."""
    if "python" in case:
        scope: dict = {}
        with contextlib.redirect_stdout(io.StringIO()):
            exec(case["python"], scope)
        cbam, x = scope["cbam"], scope["x"]
    else:
        cbam, x = module(case, dtype), torch.tensor(case["x"], dtype=dtype)
        x = x.view(1, len(x), case["options"]["height"], case["options"]["width"])
    seen = intermediates(cbam, x, case["options"])
    found = {name: value[0].flatten(1) for name, value in seen.items() if name in ("whole", "refined", "output")}
    found |= {name: value.flatten() for name, value in seen.items() if name.endswith((" logits", " gate"))}
    # descriptors, hidden units and results of the MLP (P, C or hidden); planes (P, H * W) and the convolution's sums
    layers = {"descriptors": "channel.fc1 in", "hidden": "channel.fc2 in", "mlp": "channel.fc2 out"}
    found |= {name: seen[layer][0] for name, layer in layers.items()}
    found |= {"planes": seen["spatial.conv in"][0].flatten(1), "sums": seen["spatial.conv out"].flatten()}
    found["x"] = x[0].flatten(1)
    if "python" in case:
        found["y"] = scope["y"][0].flatten(1)
    return {name: value.tolist() for name, value in found.items()}


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    json.dump([answer(case, getattr(torch, asked["dtype"])) for case in asked["cases"]], sys.stdout)
