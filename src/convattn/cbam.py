"""CBAM: channel attention and spatial attention, one after the other or side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from convattn import _checks
from convattn.channel_attention import ChannelAttention
from convattn.spatial_attention import SpatialAttention

Order = Literal["channel-spatial", "spatial-channel", "parallel"]
ORDERS: tuple[Order, ...] = get_args(Order)


class CBAM(nn.Module):
    r"""Convolutional block attention module (CBAM): a channel gate and a spatial gate.

    .. math::

        F' = M_c(F) \otimes F, \qquad F'' = M_s(F') \otimes F'

    Equation 1 of Woo, Park, Lee and Kweon, "CBAM: Convolutional Block Attention Module", ECCV 2018,
    arXiv:1807.06521v2, is ``order="channel-spatial"``. The other two arrangements are those of its Table 3:
    "spatial-channel" exchanges the two steps; "parallel" computes both from the input, adds the logits and applies
    ``gate_fn`` once (its section 4.1).

    Biases and batch norm are on as in the code that produced the published numbers; ``bias=False, norm=False``
    gives the paper's equations. Three differences to that code: the average is the first descriptor (there the
    maximum is), the batch-norm momentum is 0.1 (there 0.01), and the batch-norm weight gamma starts at 1 (there at
    0, set by its ResNet).

    The parts are ``channel``, a :class:`ChannelAttention`, and ``spatial``, a :class:`SpatialAttention`. The input is a
    feature map (B, C, H, W), floating point; the output has its shape, dtype, device and memory format. In training
    mode each call of ``gates``, ``gate`` or ``forward`` updates the batch-norm statistics: inspect in eval mode.

    Under float16 autocast the MLP of the channel part overflows beyond 65,504; compute this module under
    ``torch.autocast(x.device.type, enabled=False)`` then, or use bfloat16.

    Args:
        channels: Number of channels C of the input, at least 1.
        reduction: Reduction ratio r of the channel part, which has ``channels // reduction`` hidden units.
        hidden: Number of hidden units; overrides ``reduction`` when given.
        kernel_size: Side of the spatial part's square kernel in pixels, odd.
        order: "channel-spatial", "spatial-channel" or "parallel".
        channel_pools: Descriptors of the channel part: "avg", "max" or both, in any order.
        spatial_pools: Descriptors of the spatial part: "avg", "max" or both, in any order.
        bias: Whether the linear layers of the channel part have biases.
        norm: Whether batch norm follows the spatial part's convolution.
        gate_fn: Turns logits into a gate, elementwise; used for both gates. Of a module each part keeps a copy.

    Raises:
        ValueError: If ``channels``, ``reduction`` or ``hidden`` is less than 1, ``channels // reduction`` is 0 and
            no ``hidden`` is given, ``kernel_size`` is even or less than 1, ``order`` is unknown, or one of the pools
            is empty or has an unknown or repeated name; or if an input is not (B, C, H, W) with C = ``channels``
            and H and W at least 1.
        TypeError: If an input is not floating point.
    """

    def __init__(
        self,
        channels: int,
        reduction: int = 16,
        *,
        hidden: int | None = None,
        kernel_size: int = 7,
        order: Order = "channel-spatial",
        channel_pools: Sequence[_checks.Pool] = ("avg", "max"),
        spatial_pools: Sequence[_checks.Pool] = ("avg", "max"),
        bias: bool = True,
        norm: bool = True,
        gate_fn: Callable[[Tensor], Tensor] = torch.sigmoid,
    ) -> None:
        super().__init__()
        channel_pools = _checks.pool_names("channel_pools", channel_pools)
        spatial_pools = _checks.pool_names("spatial_pools", spatial_pools)
        self.order = order
        self.channel = ChannelAttention(
            channels, reduction=reduction, hidden=hidden, pools=channel_pools, bias=bias, gate_fn=gate_fn
        )
        self.spatial = SpatialAttention(kernel_size=kernel_size, pools=spatial_pools, norm=norm, gate_fn=gate_fn)
        if order == "parallel" or not isinstance(gate_fn, nn.Module):  # else a third copy would stand there unused
            self.gate_fn = _checks.gate_function(gate_fn)  # of the sum of both logits

    @property
    def order(self) -> Order:
        """Which gate comes first: "channel-spatial", "spatial-channel" or "parallel"."""
        return self._order

    @order.setter
    def order(self, order: Order) -> None:
        if order not in ORDERS:
            raise ValueError(f"order must be one of {', '.join(map(repr, ORDERS))}, got {order!r}")
        self._order: Order = order

    def extra_repr(self) -> str:
        """Return what ``repr`` shows beside the two parts."""
        return f"order={self.order!r}"

    def gates(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the two gates apart.

        In the two sequential orders these are the gates that ``forward`` applies. In "parallel" each is the branch's
        own gate, while ``forward`` applies ``gate_fn`` to the sum of their logits.

        Args:
            x: Feature map (B, C, H, W).

        Returns:
            Channel gate (B, C, 1, 1) and spatial gate (B, 1, H, W), in [0, 1] for the sigmoid.
        """
        if self.order == "spatial-channel":
            _checks.feature_map(x, self.channel.channels)  # before batch norm
            spatial = self.spatial.gate(x)
            return self.channel.gate(x * spatial.to(x.dtype)), spatial
        channel = self.channel.gate(x)
        refined = x * channel.to(x.dtype) if self.order == "channel-spatial" else x
        return channel, self.spatial.gate(refined)

    def gate(self, x: Tensor) -> Tensor:
        """Compute the whole multiplier of ``x``, of the same shape (B, C, H, W), in [0, 1] for the sigmoid."""
        if self.order == "parallel":
            # (B, C, 1, 1) + (B, 1, H, W) -> (B, C, H, W)
            return self.gate_fn(self.channel.logits(x) + self.spatial.logits(x))
        channel, spatial = self.gates(x)
        return channel * spatial  # (B, C, 1, 1) * (B, 1, H, W) -> (B, C, H, W)

    def forward(self, x: Tensor) -> Tensor:
        """Rescale ``x`` by both gates."""
        if self.order == "channel-spatial":
            return self.spatial(self.channel(x))
        if self.order == "spatial-channel":
            _checks.feature_map(x, self.channel.channels)  # before batch norm
            return self.channel(self.spatial(x))
        return x * self.gate(x).to(x.dtype)
