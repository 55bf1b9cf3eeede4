"""Squeeze-and-excitation: one number between 0 and 1 for each channel of each image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from convattn import _checks, _loading


class SqueezeExcitation(nn.Module):
    r"""Squeeze-and-excitation (SE): rescale each channel by a gate computed from all channel means.

    .. math::

        z_c = \frac{1}{HW} \sum_{i,j} x_{cij}, \qquad
        s = \sigma\bigl(W_2\, \mathrm{ReLU}(W_1 z + b_1) + b_2\bigr), \qquad
        \tilde x_{cij} = s_c\, x_{cij}

    Equations 2, 3 and 4 of Hu, Shen, Albanie, Sun and Wu, "Squeeze-and-Excitation Networks",
    arXiv:1709.01507v4, which print no biases; ``bias=False`` is that form.

    The input ``x`` is a feature map (B, C, H, W), floating point. ``logits(x)`` and ``gate(x)`` are (B, C, 1, 1), the
    gate in [0, 1] for the sigmoid; the output ``x * gate(x)`` has the shape, dtype, device and memory format of ``x``.

    Under float16 autocast the MLP overflows beyond 65,504; compute this module under
    ``torch.autocast(x.device.type, enabled=False)`` then, or use bfloat16.

    Args:
        channels: Number of channels C of the input, at least 1.
        reduction: Reduction ratio r; the MLP has ``channels // reduction`` hidden units.
        hidden: Number of hidden units; overrides ``reduction`` when given.
        bias: Whether the two linear layers have biases.
        gate_fn: Turns logits into the gate, elementwise: a function, or a module, of which this one keeps a copy.

    Raises:
        ValueError: If ``channels``, ``reduction`` or ``hidden`` is less than 1, or
            ``channels // reduction`` is 0 and no ``hidden`` is given; or if an input is not (B, C, H, W) with
            C = ``channels`` and H and W at least 1.
        TypeError: If an input is not floating point.
    """

    def __init__(
        self,
        channels: int,
        reduction: int = 16,
        *,
        hidden: int | None = None,
        bias: bool = True,
        gate_fn: Callable[[Tensor], Tensor] = torch.sigmoid,
    ) -> None:
        super().__init__()
        hidden = _checks.hidden_width(channels, reduction, hidden)
        _checks.flag("bias", bias)
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
        """Compute the gate before ``gate_fn``: squeeze, then the MLP."""
        _checks.feature_map(x, self.channels)
        z = x.mean(dim=(2, 3))  # squeeze: (B, C, H, W) -> (B, C)
        z = self.fc2(self.relu(self.fc1(z)))  # (B, C) -> (B, hidden) -> (B, C)
        return z[:, :, None, None]  # (B, C) -> (B, C, 1, 1)

    def gate(self, x: Tensor) -> Tensor:
        """Compute the gate: ``gate_fn(logits(x))``."""
        return self.gate_fn(self.logits(x))

    def forward(self, x: Tensor) -> Tensor:
        """Rescale the channels: ``x * gate(x)``, the gate cast to the dtype of ``x`` under autocast."""
        return x * self.gate(x).to(x.dtype)  # (B, C, H, W) * (B, C, 1, 1)
