"""Receptive fields: how many pixels of the image a position of a feature map can depend on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from convattn.networks.resnet import StrideIn


class Window(NamedTuple):
    """A convolution or a pool: side, stride and padding in positions of its input."""

    kernel: int
    stride: int = 1
    padding: int = 0


class Field(NamedTuple):
    """What one position of a map sees, and how the map lies on the image; all in pixels of the image but ``side``."""

    size: int  # side of the receptive field
    step: int  # distance between neighbouring positions
    side: int  # positions along a side of the map


def through(windows: Iterable[Window], field: Field) -> Field:
    """Follow a field through layers one after the other.

    A window of k positions that are ``step`` pixels apart adds (k - 1) step pixels to the field; a stride multiplies
    the step.

    The field at the input may be an image of n x n pixels, which is ``Field(1, 1, n)``.
    """
    size, step, side = field
    for kernel, stride, padding in windows:
        size += (kernel - 1) * step
        step *= stride
        side = (side + 2 * padding - kernel) // stride + 1
    return Field(size, step, side)


def resnet_windows(blocks: Sequence[int], *, bottleneck: bool, stride_in: StrideIn = "3x3") -> list[list[Window]]:
    """List the windows along the longest path through a ResNet (He et al. 2016), stage by stage.

    Windows of 1 x 1 without stride are left out, since they do not widen the field.

    Args:
        blocks: Number of blocks in each stage: (2, 2, 2, 2) for ResNet-18, (3, 4, 6, 3) for ResNet-34 and -50.
        bottleneck: Whether a block has one 3 x 3 convolution (between two of 1 x 1) or two.
        stride_in: Which convolution of a bottleneck has the stride, the 3 x 3 or the 1 x 1 before it.

    Returns:
        The stem (7 x 7 convolution and max pooling), then one list for each stage.
    """
    stages = [[Window(7, 2, 3), Window(3, 2, 1)]]
    for index, depth in enumerate(blocks):
        windows = []
        for block in range(depth):
            stride = 2 if index > 0 and block == 0 else 1
            if bottleneck and stride_in == "1x1":
                windows += [Window(1, stride, 0), Window(3, 1, 1)]
            else:
                windows += [Window(3, stride, 1)] + ([] if bottleneck else [Window(3, 1, 1)])
        stages.append(windows)
    return stages
