"""CBAM's channel attention: squeeze-and-excitation that also looks at the maximum of each channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from convattn import _checks, _loading


class ChannelAttention(nn.Module):
    r"""Channel attention module (CAM): one shared MLP reads the mean and the maximum of each channel.

    .. math::

        M_c(F) = \sigma\bigl(\mathrm{MLP}(\mathrm{AvgPool}(F)) + \mathrm{MLP}(\mathrm{MaxPool}(F))\bigr), \qquad
        \mathrm{MLP}(z) = W_1\, \mathrm{ReLU}(W_0 z)

    Equation 2 of Woo, Park, Lee and Kweon, "CBAM: Convolutional Block Attention Module", ECCV 2018,
    arXiv:1807.06521v2, which prints no biases; ``bias=False`` is that form. With biases, as in the code that
    produced the published numbers, the sum counts the output bias once per pool. With ``pools=("avg",)`` this is
    squeeze-and-excitation. That code keeps the maximum first in its list of pools; the sum does not depend on it.

    The input ``x`` is a feature map (B, C, H, W), floating point. ``logits(x)`` and ``gate(x)`` are (B, C, 1, 1), the
    gate in [0, 1] for the sigmoid; the output ``x * gate(x)`` has the shape, dtype, device and memory format of ``x``.

    Under float16 autocast the MLP overflows beyond 65,504; compute this module under
    ``torch.autocast(x.device.type, enabled=False)`` then, or use bfloat16.

    Args:
        channels: Number of channels C of the input, at least 1.
        reduction: Reduction ratio r; the MLP has ``channels // reduction`` hidden units.
        hidden: Number of hidden units; overrides ``reduction`` when given.
        pools: Which descriptors to use: "avg", "max" or both, in any order.
        bias: Whether the two linear layers have biases.
        gate_fn: Turns logits into the gate, elementwise: a function, or a module, of which this one keeps a copy.

    Raises:
        ValueError: If ``channels``, ``reduction`` or ``hidden`` is less than 1, ``channels // reduction`` is 0 and
            no ``hidden`` is given, or ``pools`` is empty or has an unknown or repeated name; or if an input is not
            (B, C, H, W) with C = ``channels`` and H and W at least 1.
        TypeError: If an input is not floating point.
    """

    def __init__(
        self,
        channels: int,
        reduction: int = 16,
        *,
        hidden: int | None = None,
        pools: Sequence[_checks.Pool] = ("avg", "max"),
        bias: bool = True,
        gate_fn: Callable[[Tensor], Tensor] = torch.sigmoid,
    ) -> None:
        super().__init__()
        hidden = _checks.hidden_width(channels, reduction, hidden)
        _checks.flag("bias", bias)
        self.pools = _checks.pool_names("pools", pools)
        self.fc1 = nn.Linear(channels, hidden, bias=bias)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(hidden, channels, bias=bias)
        self.gate_fn = _checks.gate_function(gate_fn)

    @property
    def channels(self) -> int:
        """Number of channels of the input, as the first layer has it: pruning changes it."""
        return self.fc1.in_features

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any, **more: Any) -> None:
        _loading.flatten_weights(state_dict, prefix, ("fc1", "fc2"))
        super()._load_from_state_dict(state_dict, prefix, *rest, **more)

    def logits(self, x: Tensor) -> Tensor:
        """Compute the gate before ``gate_fn``: the sum of the MLP's outputs over the descriptors."""
        _checks.feature_map(x, self.channels)
        descriptors = []  # each (B, C, H, W) -> (B, C)
        if "avg" in self.pools:
            descriptors.append(x.mean(dim=(2, 3)))
        if "max" in self.pools:
            descriptors.append(x.amax(dim=(2, 3)))
        z = torch.stack(descriptors, dim=1)  # (B, P, C)
        z = self.fc2(self.relu(self.fc1(z)))  # the same weights for each: (B, P, C)
        return z.sum(dim=1)[:, :, None, None]  # (B, P, C) -> (B, C, 1, 1)

    def gate(self, x: Tensor) -> Tensor:
        """Compute the gate: ``gate_fn(logits(x))``."""
        return self.gate_fn(self.logits(x))

    def forward(self, x: Tensor) -> Tensor:
        """Rescale the channels: ``x * gate(x)``, the gate cast to the dtype of ``x`` under autocast."""
        return x * self.gate(x).to(x.dtype)  # (B, C, H, W) * (B, C, 1, 1)
