"""One feature map of 2 channels, 2 x 2 pixels, followed by hand through every module.

The logits are computed by hand in the comments; sigmoid values have 8 decimals, s(z) = 1 / (1 + exp(-z)). Each expected
number is a product of numbers that stand in the comments, so that a pocket calculator verifies it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from convattn import CBAM, ChannelAttention, SpatialAttention, SqueezeExcitation

X = [
    [[1, 2], [3, 4]],  # channel 0: average 10 / 4 = 2.5, maximum 4
    [[0, -1], [2, 3]],  # channel 1: average 4 / 4 = 1, maximum 3
]


class Example(NamedTuple):
    """Options and numbers of a module, and its gate and output for ``X``."""

    name: str
    options: dict[str, Any]
    numbers: dict[str, Any]
    gate: list
    output: list

    def state(self) -> dict[str, np.ndarray]:
        """Return the numbers as the arrays that the oracle takes."""
        return {name: np.asarray(value, dtype=np.float64) for name, value in self.numbers.items()}

    def load(self, cls: type[nn.Module]) -> nn.Module:
        """Return ``cls`` with these numbers, in float64 and eval mode."""
        module = cls(**self.options).double().eval()
        given = {name: torch.from_numpy(value) for name, value in self.state().items()}
        left = module.load_state_dict(given, strict=False)
        assert all(name.endswith("num_batches_tracked") for name in left.missing_keys), left
        assert not left.unexpected_keys, left
        return module


MLP = {
    "fc1.weight": [[0.4, -0.5], [-0.2, 0.3]],
    "fc1.bias": [0.1, 0.0],
    "fc2.weight": [[1.0, 2.0], [-2.0, 3.0]],
    "fc2.bias": [0.2, 0.3],
}
# Averages (2.5, 1):  hidden 0.4 * 2.5 - 0.5 * 1 + 0.1 = 0.6  and  -0.2 * 2.5 + 0.3 * 1 = -0.2, which ReLU makes 0
#                     out 1 * 0.6 + 2 * 0 + 0.2 = 0.8  and  -2 * 0.6 + 3 * 0 + 0.3 = -0.9
# Maxima (4, 3):      hidden 0.4 * 4 - 0.5 * 3 + 0.1 = 0.2  and  -0.2 * 4 + 0.3 * 3 = 0.1
#                     out 1 * 0.2 + 2 * 0.1 + 0.2 = 0.6  and  -2 * 0.2 + 3 * 0.1 + 0.3 = 0.2

SQUEEZE_EXCITATION = Example(
    # Only the averages: s(0.8) = 0.68997448, s(-0.9) = 0.28905050
    "squeeze and excitation",
    {"channels": 2, "hidden": 2},
    MLP,
    gate=[[[0.68997448]], [[0.28905050]]],
    output=[[[0.68997448, 1.37994896], [2.06992344, 2.75989792]], [[0.0, -0.28905050], [0.57810099, 0.86715149]]],
)

CHANNEL = Example(
    # The sums: s(0.8 + 0.6) = s(1.4) = 0.80218389, s(-0.9 + 0.2) = s(-0.7) = 0.33181223
    "channel attention",
    {"channels": 2, "hidden": 2},
    MLP,
    gate=[[[0.80218389]], [[0.33181223]]],
    output=[[[0.80218389, 1.60436778], [2.40655167, 3.20873555]], [[0.0, -0.33181223], [0.66362446, 0.99543668]]],
)
CHANNEL_MAX = Example(
    # Only the maxima: s(0.6) = 0.64565631, s(0.2) = 0.54983400
    "channel attention, maximum alone",
    {"channels": 2, "hidden": 2, "pools": ("max",)},
    MLP,
    gate=[[[0.64565631]], [[0.54983400]]],
    output=[[[0.64565631, 1.29131261], [1.93696892, 2.58262522]], [[0.0, -0.54983400], [1.09966799, 1.64950199]]],
)

# Across the channels: averages [[0.5, 0.5], [2.5, 3.5]], maxima [[1, 2], [3, 4]].
# On the averages the kernel weighs the place itself by 0.2 and its right neighbour by 0.1; on the maxima the place
# itself by -0.3 and the one below by 0.25. Beyond the border is 0.
KERNEL = [[[[0, 0, 0], [0, 0.2, 0.1], [0, 0, 0]], [[0, 0, 0], [0, -0.3, 0], [0, 0.25, 0]]]]
#   (0,0)  0.2 * 0.5 + 0.1 * 0.5 - 0.3 * 1 + 0.25 * 3 =  0.60      (0,1)  0.2 * 0.5 - 0.3 * 2 + 0.25 * 4 =  0.50
#   (1,0)  0.2 * 2.5 + 0.1 * 3.5 - 0.3 * 3            = -0.05      (1,1)  0.2 * 3.5 - 0.3 * 4            = -0.50
SPATIAL = Example(
    # s(0.6) = 0.64565631, s(0.5) = 0.62245933, s(-0.05) = 0.48750260, s(-0.5) = 0.37754067
    "spatial attention",
    {"kernel_size": 3, "norm": False},
    {"conv.weight": KERNEL},
    gate=[[[0.64565631, 0.62245933], [0.48750260, 0.37754067]]],
    output=[[[0.64565631, 1.24491866], [1.46250781, 1.51016268]], [[0.0, -0.62245933], [0.97500521, 1.13262201]]],
)
SPATIAL_NORM = Example(
    # Batch norm of z in eval mode: (z - 0.1) / sqrt(0.24999 + 0.00001) * 2 + 0.5 = 4 z + 0.1
    # s(2.5) = 0.92414182, s(2.1) = 0.89090318, s(-0.1) = 0.47502081, s(-1.9) = 0.13010847
    "spatial attention with batch norm",
    {"kernel_size": 3},
    {
        "conv.weight": KERNEL,
        "norm.weight": [2.0],
        "norm.bias": [0.5],
        "norm.running_mean": [0.1],
        "norm.running_var": [0.24999],
    },
    gate=[[[0.92414182, 0.89090318], [0.47502081, 0.13010847]]],
    output=[[[0.92414182, 1.78180636], [1.42506244, 0.52043390]], [[0.0, -0.89090318], [0.95004163, 0.39032542]]],
)

# CBAM with the MLP above and a 1 x 1 kernel: logit = average - 0.25 * maximum.
PARTS = {f"channel.{name}": value for name, value in MLP.items()} | {"spatial.conv.weight": [[[[1.0]], [[-0.25]]]]}
OPTIONS = {"channels": 2, "hidden": 2, "kernel_size": 1, "norm": False}
CHANNEL_SPATIAL = Example(
    # The channel gate is that of CHANNEL, the refined map F' its output. Across the channels of F':
    #   averages [[0.40109194, 0.63627777], [1.53508806, 2.10208612]]
    #   maxima   [[0.80218389, 1.60436778], [2.40655167, 3.20873555]]
    #   logits   [[0.20054597, 0.23518583], [0.93345014, 1.29990223]]
    #   gate     [[0.54996913, 0.55852693], [0.71777472, 0.78581853]]
    # The whole gate is 0.80218389 and 0.33181223 times that; the output F' times that.
    "CBAM, channel-spatial",
    OPTIONS,
    PARTS,
    gate=[[[0.44117638, 0.44804131], [0.57578732, 0.63037096]], [[0.18248648, 0.18532607], [0.23816643, 0.26074420]]],
    output=[[[0.44117638, 0.89608262], [1.72736195, 2.52148385]], [[0.0, -0.18532607], [0.47633286, 0.78223259]]],
)
SPATIAL_CHANNEL = Example(
    # Logits from X: [[0.5 - 0.25, 0.5 - 0.5], [2.5 - 0.75, 3.5 - 1]] = [[0.25, 0], [1.75, 2.5]]
    #   gate [[0.56217650, 0.5], [0.85195280, 0.92414182]]
    #   F' [[0.56217650, 1], [2.55585841, 3.69656728]] and [[0, -0.5], [1.70390560, 2.77242546]]
    # Averages of F' (1.95365055, 0.99408277): hidden 0.38441884 and -0.09250528, cut to 0
    #   out 0.38441884 + 0.2 = 0.58441884 and -2 * 0.38441884 + 0.3 = -0.46883767
    # Maxima (3.69656728, 2.77242546): hidden 0.19241418 and 0.09241418
    #   out 0.19241418 + 2 * 0.09241418 + 0.2 = 0.57724255 and -2 * 0.19241418 + 3 * 0.09241418 + 0.3 = 0.19241418
    # Logits (1.16166138, -0.27642349), gate (0.76163447, 0.43133082). The whole gate is the product of the two gates,
    # the output F' times the channel gate.
    "CBAM, spatial-channel",
    OPTIONS | {"order": "spatial-channel"},
    PARTS,
    gate=[[[0.42817300, 0.38081723], [0.64887662, 0.70385826]], [[0.24248405, 0.21566541], [0.36747350, 0.39861085]]],
    output=[[[0.42817300, 0.76163447], [1.94662985, 2.81543304]], [[0.0, -0.21566541], [0.73494701, 1.19583255]]],
)
PARALLEL = Example(
    # Both from X: channel logits (1.4, -0.7), spatial logits [[0.25, 0], [1.75, 2.5]]. Sums:
    #   [[1.65, 1.40], [3.15, 3.90]] and [[-0.45, -0.70], [1.05, 1.80]], then the sigmoid
    "CBAM, parallel",
    OPTIONS | {"order": "parallel"},
    PARTS,
    gate=[[[0.83889105, 0.80218389], [0.95890872, 0.98015969]], [[0.38936077, 0.33181223], [0.74077490, 0.85814894]]],
    output=[[[0.83889105, 1.60436778], [2.87672617, 3.92063878]], [[0.0, -0.33181223], [1.48154980, 2.57444681]]],
)

OF = {
    SqueezeExcitation: (SQUEEZE_EXCITATION,),
    ChannelAttention: (CHANNEL, CHANNEL_MAX),
    SpatialAttention: (SPATIAL, SPATIAL_NORM),
    CBAM: (CHANNEL_SPATIAL, SPATIAL_CHANNEL, PARALLEL),
}
