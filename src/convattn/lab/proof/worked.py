"""The tiny tensor that every chapter follows by hand, and small weights to go with it."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor

from convattn.channel_attention import ChannelAttention
from convattn.spatial_attention import SpatialAttention
from convattn.squeeze_excitation import SqueezeExcitation

Gate = TypeVar("Gate", bound=SqueezeExcitation | ChannelAttention)


def feature_map() -> Tensor:
    """Return the tiny feature map (1, 2, 2, 2): means 3 and 1, maxima 6 and 4, and zeros as a ReLU leaves them."""
    return torch.tensor([[[[1.0, 2.0], [3.0, 6.0]], [[0.0, 4.0], [0.0, 0.0]]]])


def set_mlp(module: Gate) -> Gate:
    """Set the MLP of a channel gate for two channels and one hidden unit to small round numbers, and return it.

    W0 = (0.5, -0.5), W1 = (1, -1), biases 0.

    Args:
        module: A gate of two channels and one hidden unit.

    Returns:
        The same module.

    Raises:
        ValueError: If the module has other sizes.
    """
    sizes = (module.fc1.in_features, module.fc1.out_features)
    if sizes != (2, 1):
        raise ValueError(f"module must have 2 channels and 1 hidden unit, got {sizes[0]} and {sizes[1]}")
    with torch.no_grad():
        module.fc1.weight.copy_(torch.tensor([[0.5, -0.5]]))
        module.fc2.weight.copy_(torch.tensor([[1.0], [-1.0]]))
        for layer in (module.fc1, module.fc2):
            if layer.bias is not None:
                layer.bias.zero_()
    return module


def set_window(module: SpatialAttention) -> SpatialAttention:
    """Set the convolution of a spatial gate to ask "am I brighter than what surrounds me?", and return the gate.

    On the plane of the means 1 in the middle and 0 around it, on the plane of the maxima 1 in the middle and -0.5
    around it.

    Args:
        module: A gate with both pools and without batch norm.

    Returns:
        The same module.

    Raises:
        ValueError: If the module has other pools, or batch norm.
    """
    if module.conv.in_channels != 2 or module.norm is not None:
        raise ValueError(f"module must have both pools and no batch norm, got {module}")
    middle = module.conv.kernel_size[0] // 2
    with torch.no_grad():
        module.conv.weight.copy_(torch.tensor([0.0, -0.5])[None, :, None, None].expand_as(module.conv.weight))
        module.conv.weight[:, :, middle, middle] = 1.0
    return module
