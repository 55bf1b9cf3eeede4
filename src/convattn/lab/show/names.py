"""Networks and data sets by the names that papers give them, from the short ones in our tables."""

from __future__ import annotations

import re

_RULES = (
    (r"resnext(\d+)_(\d+)x(\d+)d", r"ResNeXt-\1 \2×\3d"),
    (r"preresnet(\d+)", r"PreResNet-\1"),
    (r"resnet(\d+)", r"ResNet-\1"),
    (r"wrn(\d+)_([\d.]+)", r"Wide ResNet-\1 ×\2"),
    (r"wrn(\d+)x(\d+)", r"WRN-\1×\2"),
    (r"mobilenetv(\d)", r"MobileNetV\1"),
    (r"mobilenet_1\.0", r"MobileNet"),
    (r"mobilenet_([\d.]+)", r"MobileNet \1"),
    (r"c(10|100)", r"CIFAR-\1"),
)


def display_name(short: str) -> str:
    """Return how a network or a data set is called on a page.

    Args:
        short: A name of our tables, such as "resnext50_32x4d" or "c100".

    Returns:
        The name of the papers, such as "ResNeXt-50 32×4d" or "CIFAR-100".

    Raises:
        ValueError: If no rule knows the name.
    """
    for pattern, name in _RULES:
        if found := re.fullmatch(pattern, short):
            return found.expand(name)
    raise ValueError(f"short must be a network or a data set of our tables, got {short!r}")
