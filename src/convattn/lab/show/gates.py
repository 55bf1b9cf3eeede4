"""Gates at work on a photograph, with weights set by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib import pyplot
from matplotlib.figure import Figure
from torch import Tensor

from convattn.cbam import CBAM
from convattn.lab.show.photograph import FILTERS, filter_bank, photograph
from convattn.lab.show.style import COLOURS, SMALLEST, WIDTH, pictures
from convattn.squeeze_excitation import SqueezeExcitation

CHANNELS = ("red", "blue", "edges |", "edges —", "blur")
LEVELS = 32  # of grey; fewer bytes than 256, and the eye sees no difference


def edges_first() -> tuple[Tensor, CBAM]:
    """Return five channels of the photograph, and a CBAM that prefers edges and places with many of them.

    Its weights are set by hand: the hidden unit reads the two channels of edges, and the spatial gate compares the mean
    of its window with that of all windows.

    Returns:
        Feature map (1, 5, 120, 102), each channel divided by its largest value, and the module in eval mode.
    """
    bank = dict(zip(FILTERS, filter_bank(photograph(shrink=5)), strict=True))
    maps = np.stack([bank[name] / bank[name].max() for name in CHANNELS])
    features = torch.tensor(maps, dtype=torch.float32)[None]  # (5, H, W) -> (1, 5, H, W)
    module = CBAM(len(CHANNELS), hidden=1, bias=False).eval()
    norm = module.spatial.norm
    assert norm is not None
    with torch.no_grad():
        module.channel.fc1.weight.copy_(torch.tensor([[0.0, 0.0, 1.0, 1.0, 0.0]]))
        module.channel.fc2.weight.copy_(torch.tensor([[-0.4], [-0.9], [1.4], [1.0], [-1.3]]))
        module.spatial.conv.weight.copy_(torch.tensor([1 / 49, 0.0])[None, :, None, None].expand(1, 2, 7, 7))
        refined = module.channel(features)
        seen = module.spatial.conv(torch.stack([refined.mean(1), refined.amax(1)], dim=1))  # (1, 1, H, W)
        norm.running_mean, norm.running_var = (seen.mean() + seen.std() / 2)[None], (seen.var() / 9)[None]
    return features, module


def noise_gate() -> SqueezeExcitation:
    """Return SE for the ten channels of ``filter_bank``, which turns down the fine detail of a noisy photograph.

    Its one hidden unit sums the means of the four edge channels, since noise makes edges everywhere. The logit of "fine
    detail" is 12 - 85 times that sum; all others are 12, a gate above 0.9999.
    """
    module = SqueezeExcitation(len(FILTERS), hidden=1)
    names = list(FILTERS)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        module.fc1.weight[0, [i for i, name in enumerate(names) if name.startswith("edges")]] = 85.0
        module.fc2.weight[names.index("fine detail")] = -1.0
        module.fc2.bias.fill_(12.0)
    return module


def show_gates(features: Tensor, module: CBAM, names: Sequence[str] = CHANNELS) -> Figure:
    """Draw a feature map, its channel gate, what that leaves, the spatial gate, and the output.

    Args:
        features: Feature map (1, C, H, W), of a few channels with values from 0 to 1.
        module: CBAM with the channel gate first, in eval mode.
        names: Names of the channels.

    Returns:
        The figure.

    Raises:
        ValueError: If there is not one image, or not a name for each channel.
    """
    count = len(names)
    if features.ndim != 4 or features.shape[:2] != (1, count):
        raise ValueError(f"features must have shape (1, {count}, H, W), got {tuple(features.shape)}")
    with torch.no_grad():
        which, where = (gate[0].numpy() for gate in module.gates(features))  # (C, 1, 1) and (1, H, W)
    maps = features[0].numpy()
    refined = maps * which
    largest = refined.mean(axis=0).max()
    planes = np.stack([refined.mean(axis=0) / largest, where[0], (refined * where).mean(axis=0) / largest])
    figure = pyplot.figure(figsize=(WIDTH, 6.0))
    rows = figure.add_gridspec(4, 1, height_ratios=[1.15, 0.7, 1.15, 1.9])
    grey = {"cmap": "gray", "vmin": 0, "vmax": 1}

    def row(number: int, columns: int) -> np.ndarray:
        return rows[number].subgridspec(1, columns).subplots(squeeze=False)[0]

    pictures(row(0, count), np.round(maps * LEVELS) / LEVELS, list(names), **grey)
    bars = figure.add_subplot(rows[1])
    bars.bar(range(count), which[:, 0, 0], width=0.5, color=COLOURS["green"])
    bars.set(xlim=(-0.5, count - 0.5), ylim=(0, 1.25), xticks=[], yticks=[])
    bars.set_title("Channel gate: which channels?", fontweight="bold")
    for place, gate in enumerate(which[:, 0, 0]):
        bars.text(place, gate + 0.04, f"{gate:.2f}", ha="center", fontsize=SMALLEST)
    pictures(row(2, count), np.round(refined * LEVELS) / LEVELS, [f"× {gate:.2f}" for gate in which[:, 0, 0]], **grey)
    titles = ["mean of these five", "Spatial gate: where?", "mean of the output"]
    pictures(row(3, 3), np.round(planes * LEVELS) / LEVELS, titles, **grey)
    figure.axes[-2].title.set_fontweight("bold")
    return figure
