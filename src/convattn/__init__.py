"""Attention modules for convolutional networks, from squeeze-and-excitation to CBAM."""

import warnings

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="Failed to initialize NumPy")  # said at import; nothing here needs NumPy
    import torch as torch

from convattn.cbam import CBAM
from convattn.channel_attention import ChannelAttention
from convattn.spatial_attention import SpatialAttention
from convattn.squeeze_excitation import SqueezeExcitation

__all__ = ["CBAM", "ChannelAttention", "SpatialAttention", "SqueezeExcitation"]
__version__ = "0.1.0"
