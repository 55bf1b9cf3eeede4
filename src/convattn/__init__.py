"""Attention modules for convolutional networks, from squeeze-and-excitation to CBAM."""

from convattn.cbam import CBAM
from convattn.channel_attention import ChannelAttention
from convattn.spatial_attention import SpatialAttention
from convattn.squeeze_excitation import SqueezeExcitation

__all__ = ["CBAM", "ChannelAttention", "SpatialAttention", "SqueezeExcitation"]
__version__ = "0.1.0"
