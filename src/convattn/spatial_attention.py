"""CBAM's spatial attention: one number between 0 and 1 for each position of each image."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from convattn import _checks


class SpatialAttention(nn.Module):
    r"""Spatial attention module (SAM): a convolution over the mean and the maximum across channels.

    .. math::

        M_s(F) = \sigma\bigl(f^{7 \times 7}([\mathrm{AvgPool}(F); \mathrm{MaxPool}(F)])\bigr)

    where both pools run across the channels. Equation 3 of Woo, Park, Lee and Kweon, "CBAM: Convolutional Block
    Attention Module", ECCV 2018, arXiv:1807.06521v2; ``norm=False`` is that form. Batch norm before the sigmoid is
    on as in the code that produced the published numbers. Three differences to that code: the average is plane 0 of
    the convolution's input (there the maximum is), the batch-norm momentum is 0.1 (there 0.01), and the batch-norm
    weight gamma starts at 1 (there at 0, set by its ResNet). The convolution has no bias and pads with zeros.

    The input ``x`` is a feature map (B, C, H, W), floating point, of any number of channels. ``logits(x)`` and
    ``gate(x)`` are (B, 1, H, W), the gate in [0, 1] for the sigmoid; the output ``x * gate(x)`` has the shape, dtype,
    device and memory format of ``x``. In training mode each call updates the statistics of the batch norm.

    Args:
        kernel_size: Side of the square kernel in pixels, odd.
        pools: Which descriptors to use: "avg", "max" or both, in any order.
        norm: Whether batch norm follows the convolution.
        gate_fn: Turns logits into the gate, elementwise: a function, or a module, of which this one keeps a copy.

    Raises:
        ValueError: If ``kernel_size`` is even or less than 1, or ``pools`` is empty or has an unknown or repeated
            name; or if an input is not (B, C, H, W) with C, H and W at least 1.
        TypeError: If an input is not floating point.
    """

    def __init__(
        self,
        *,
        kernel_size: int = 7,
        pools: Sequence[_checks.Pool] = ("avg", "max"),
        norm: bool = True,
        gate_fn: Callable[[Tensor], Tensor] = torch.sigmoid,
    ) -> None:
        super().__init__()
        if _checks.at_least_one("kernel_size", kernel_size) % 2 == 0:
            raise ValueError(f"kernel_size must be odd, so that the map keeps its size, got {kernel_size}")
        self.pools = _checks.pool_names("pools", pools)
        planes, padding = len(self.pools), kernel_size // 2
        self.conv = nn.Conv2d(planes, 1, kernel_size, padding=padding, bias=False)
        self.norm = nn.BatchNorm2d(1) if _checks.flag("norm", norm) else None
        self.gate_fn = _checks.gate_function(gate_fn)

    def logits(self, x: Tensor) -> Tensor:
        """Compute the gate before ``gate_fn``: the convolution of the stacked descriptors."""
        _checks.feature_map(x)
        descriptors = []  # each (B, C, H, W) -> (B, 1, H, W)
        if "avg" in self.pools:
            descriptors.append(x.mean(dim=1, keepdim=True))
        if "max" in self.pools:
            descriptors.append(x.amax(dim=1, keepdim=True))
        z = self.conv(torch.cat(descriptors, dim=1))  # (B, P, H, W) -> (B, 1, H, W)
        return z if self.norm is None else self.norm(z)

    def gate(self, x: Tensor) -> Tensor:
        """Compute the gate: ``gate_fn(logits(x))``."""
        return self.gate_fn(self.logits(x))

    def forward(self, x: Tensor) -> Tensor:
        """Rescale the positions: ``x * gate(x)``, the gate cast to the dtype of ``x`` under autocast."""
        return x * self.gate(x).to(x.dtype)  # (B, C, H, W) * (B, 1, H, W)
