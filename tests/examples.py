"""The book's tiny feature map, 2 channels of 2 x 2 pixels, followed by hand through every module.

The logits are computed by hand in the comments; sigmoid values have 8 decimals, s(z) = 1 / (1 + exp(-z)). Each expected
number is a product of numbers that stand in the comments, so that a pocket calculator verifies it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from convattn import CBAM, ChannelAttention, SpatialAttention, SqueezeExcitation
from convattn.lab.proof import worked

# Channel 0 is [[1, 2], [3, 6]]: average 12 / 4 = 3, maximum 6. Channel 1 is [[0, 4], [0, 0]]: average 1, maximum 4.
X = worked.feature_map()[0].tolist()


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
    "fc1.weight": [[0.4, -0.5], [-0.2, 0.4]],
    "fc1.bias": [0.1, 0.0],
    "fc2.weight": [[1.0, 2.0], [-2.0, 3.0]],
    "fc2.bias": [0.2, 0.3],
}
# Averages (3, 1):  hidden 0.4 * 3 - 0.5 * 1 + 0.1 = 0.8  and  -0.2 * 3 + 0.4 * 1 = -0.2, which ReLU makes 0
#                   out 1 * 0.8 + 2 * 0 + 0.2 = 1.0  and  -2 * 0.8 + 3 * 0 + 0.3 = -1.3
# Maxima (6, 4):    hidden 0.4 * 6 - 0.5 * 4 + 0.1 = 0.5  and  -0.2 * 6 + 0.4 * 4 = 0.4
#                   out 1 * 0.5 + 2 * 0.4 + 0.2 = 1.5  and  -2 * 0.5 + 3 * 0.4 + 0.3 = 0.5

SQUEEZE_EXCITATION = Example(
    # Only the averages: s(1.0) = 0.73105858, s(-1.3) = 0.21416502
    "squeeze and excitation",
    {"channels": 2, "hidden": 2},
    MLP,
    gate=[[[0.73105858]], [[0.21416502]]],
    output=[[[0.73105858, 1.46211716], [2.19317574, 4.38635147]], [[0, 0.85666007], [0, 0]]],
)

CHANNEL = Example(
    # The sums: s(1.0 + 1.5) = s(2.5) = 0.92414182, s(-1.3 + 0.5) = s(-0.8) = 0.31002552
    "channel attention",
    {"channels": 2, "hidden": 2},
    MLP,
    gate=[[[0.92414182]], [[0.31002552]]],
    output=[[[0.92414182, 1.84828364], [2.77242546, 5.54485092]], [[0, 1.24010208], [0, 0]]],
)
CHANNEL_MAX = Example(
    # Only the maxima: s(1.5) = 0.81757448, s(0.5) = 0.62245933
    "channel attention, maximum alone",
    {"channels": 2, "hidden": 2, "pools": ("max",)},
    MLP,
    gate=[[[0.81757448]], [[0.62245933]]],
    output=[[[0.81757448, 1.63514895], [2.45272343, 4.90544686]], [[0, 2.48983732], [0, 0]]],
)

# Across the channels: averages [[0.5, 3], [1.5, 3]], maxima [[1, 4], [3, 6]].
# On the averages the kernel weighs the place itself by 0.2 and its right neighbour by 0.1; on the maxima the place
# itself by -0.3 and the one below by 0.25. Beyond the border is 0.
KERNEL = [[[[0, 0, 0], [0, 0.2, 0.1], [0, 0, 0]], [[0, 0, 0], [0, -0.3, 0], [0, 0.25, 0]]]]
#   (0,0)  0.2 * 0.5 + 0.1 * 3 - 0.3 * 1 + 0.25 * 3 =  0.85      (0,1)  0.2 * 3 - 0.3 * 4 + 0.25 * 6 =  0.90
#   (1,0)  0.2 * 1.5 + 0.1 * 3 - 0.3 * 3            = -0.30      (1,1)  0.2 * 3 - 0.3 * 6            = -1.20
SPATIAL = Example(
    # s(0.85) = 0.70056714, s(0.9) = 0.71094950, s(-0.3) = 0.42555748, s(-1.2) = 0.23147522
    "spatial attention",
    {"kernel_size": 3, "norm": False},
    {"conv.weight": KERNEL},
    gate=[[[0.70056714, 0.71094950], [0.42555748, 0.23147522]]],
    output=[[[0.70056714, 1.42189901], [1.27667245, 1.38885130]], [[0, 2.84379801], [0, 0]]],
)
SPATIAL_NORM = Example(
    # Batch norm of z in eval mode: (z - 0.1) / sqrt(0.24999 + 0.00001) * 2 + 0.5 = 4 z + 0.1
    # s(3.5) = 0.97068777, s(3.7) = 0.97587298, s(-1.1) = 0.24973989, s(-4.7) = 0.00901330
    "spatial attention with batch norm",
    {"kernel_size": 3},
    {
        "conv.weight": KERNEL,
        "norm.weight": [2.0],
        "norm.bias": [0.5],
        "norm.running_mean": [0.1],
        "norm.running_var": [0.24999],
    },
    gate=[[[0.97068777, 0.97587298], [0.24973989, 0.00901330]]],
    output=[[[0.97068777, 1.95174596], [0.74921968, 0.05407979]], [[0, 3.90349191], [0, 0]]],
)

# CBAM with the MLP above and a 1 x 1 kernel: logit = average - 0.25 * maximum.
PARTS = {f"channel.{name}": value for name, value in MLP.items()} | {"spatial.conv.weight": [[[[1.0]], [[-0.25]]]]}
OPTIONS = {"channels": 2, "hidden": 2, "kernel_size": 1, "norm": False}
CHANNEL_SPATIAL = Example(
    # The channel gate is that of CHANNEL, the refined map F' its output. Across the channels of F':
    #   averages [[0.46207091, 1.54419286], [1.38621273, 2.77242546]]
    #   maxima   [[0.92414182, 1.84828364], [2.77242546, 5.54485092]]
    #   logits   [[0.23103545, 1.08212195], [0.69310636, 1.38621273]]
    #   gate     [[0.55750331, 0.74689533], [0.66665760, 0.79998694]]
    # The whole gate is 0.92414182 and 0.31002552 times that; the output F' times that.
    "CBAM, channel-spatial",
    OPTIONS,
    PARTS,
    gate=[[[0.51521212, 0.69023721], [0.61608616, 0.73930139]], [[0.17284025, 0.23155661], [0.20668087, 0.24801637]]],
    output=[[[0.51521212, 1.38047442], [1.84825849, 4.43580831]], [[0, 0.92622645], [0, 0]]],
)
SPATIAL_CHANNEL = Example(
    # Logits from X: [[0.5 - 0.25, 3 - 1], [1.5 - 0.75, 3 - 1.5]] = [[0.25, 2], [0.75, 1.5]]
    #   gate [[0.56217650, 0.88079708], [0.67917870, 0.81757448]]
    #   F' [[0.56217650, 1.76159416], [2.03753610, 4.90544686]] and [[0, 3.52318831], [0, 0]]
    # Averages of F' (2.31668840, 0.88079708): hidden 0.58627682 and -0.11101885, cut to 0
    #   out 0.58627682 + 0.2 = 0.78627682 and -2 * 0.58627682 + 0.3 = -0.87255364
    # Maxima (4.90544686, 3.52318831): hidden 0.30058459 and 0.42818595
    #   out 0.30058459 + 2 * 0.42818595 + 0.2 = 1.35695649 and -2 * 0.30058459 + 3 * 0.42818595 + 0.3 = 0.98338869
    # Logits (2.14323332, 0.11083504), gate (0.89503476, 0.52768043). The whole gate is the product of the two gates,
    # the output F' times the channel gate.
    "CBAM, spatial-channel",
    OPTIONS | {"order": "spatial-channel"},
    PARTS,
    gate=[[[0.50316751, 0.78834400], [0.60788854, 0.73175758]], [[0.29664954, 0.46477938], [0.35838931, 0.43141805]]],
    output=[[[0.50316751, 1.57668800], [1.82366563, 4.39054545]], [[0, 1.85911752], [0, 0]]],
)
PARALLEL = Example(
    # Both from X: channel logits (2.5, -0.8), spatial logits [[0.25, 2], [0.75, 1.5]]. Sums:
    #   [[2.75, 4.50], [3.25, 4.00]] and [[-0.55, 1.20], [-0.05, 0.70]], then the sigmoid
    "CBAM, parallel",
    OPTIONS | {"order": "parallel"},
    PARTS,
    gate=[[[0.93991335, 0.98901306], [0.96267311, 0.98201379]], [[0.36586441, 0.76852478], [0.48750260, 0.66818777]]],
    output=[[[0.93991335, 1.97802611], [2.88801934, 5.89208274]], [[0, 3.07409913], [0, 0]]],
)

OF = {
    SqueezeExcitation: (SQUEEZE_EXCITATION,),
    ChannelAttention: (CHANNEL, CHANNEL_MAX),
    SpatialAttention: (SPATIAL, SPATIAL_NORM),
    CBAM: (CHANNEL_SPATIAL, SPATIAL_CHANNEL, PARALLEL),
}
