"""What attention costs, by closed form."""

from __future__ import annotations

from typing import NamedTuple

from convattn import _checks


class Formula(NamedTuple):
    """Cost of an attention module by closed form."""

    parameters: int  #: number of parameters
    mlp_macs: int  #: multiply-accumulates of the MLP, in all its passes
    conv_macs: int  #: multiply-accumulates of the convolution


def se_formula(channels: int, *, reduction: int = 16, bias: bool = True) -> Formula:
    """Compute what squeeze-and-excitation costs for one image; the size of the map does not matter.

    Args:
        channels: Number of channels C.
        reduction: Reduction ratio r; h = C // r hidden units.
        bias: Whether the two linear layers have biases.

    Returns:
        2 C h weights and C + h biases; 2 C h multiply-accumulates.

    Raises:
        ValueError: If ``channels``, ``reduction`` or C // r is less than 1.
    """
    hidden = _checks.hidden_width(channels, reduction, None)
    weights = 2 * channels * hidden
    return Formula(weights + (channels + hidden if bias else 0), weights, 0)


def cbam_formula(
    channels: int,
    height: int,
    width: int,
    *,
    reduction: int = 16,
    kernel_size: int = 7,
    bias: bool = True,
    norm: bool = True,
) -> Formula:
    """Compute what CBAM costs for one image.

    Args:
        channels: Number of channels C.
        height: Height H of the map in pixels.
        width: Width W of the map in pixels.
        reduction: Reduction ratio r; h = C // r hidden units.
        kernel_size: Side k of the kernel in pixels, odd.
        bias: Whether the two linear layers have biases.
        norm: Whether batch norm follows the convolution.

    Returns:
        The parameters of squeeze-and-excitation, 2 k² of the kernel and 2 of batch norm; 4 C h multiply-accumulates in
        the MLP, which runs on two descriptors, and 2 k² H W in the convolution.

    Raises:
        ValueError: If a size or C // r is less than 1, or ``kernel_size`` is even.
    """
    se = se_formula(channels, reduction=reduction, bias=bias)
    if kernel_size % 2 == 0:
        raise ValueError(f"kernel_size must be odd, got {kernel_size}")
    kernel = 2 * _checks.at_least_one("kernel_size", kernel_size) ** 2
    height = _checks.at_least_one("height", height)
    width = _checks.at_least_one("width", width)
    parameters = se.parameters + kernel + (2 if norm else 0)
    return Formula(parameters, 2 * se.mlp_macs, kernel * height * width)
