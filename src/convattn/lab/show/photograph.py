"""A photograph through a fixed bank of filters: a feature map whose channels have a meaning that a reader can see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Array = NDArray[np.float64]

FINE, COARSE = 0.8, 2.4  # standard deviations of the two blurs, in pixels


def _brightness(image: Array) -> Array:
    return image.mean(axis=0)  # (3, H, W) -> (H, W)


def _edge(degrees: float) -> Callable[[Array], Array]:
    """Return a filter: strength of the change of brightness across the direction ``degrees``, at both polarities."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))

    def edge(image: Array) -> Array:
        light = _brightness(image)
        orders: Any = ((0, 1), (1, 0))  # one order for each axis, which SciPy's annotation does not know
        across, down = (gaussian_filter(light, FINE, order=order) for order in orders)
        return np.abs(c * across + s * down)

    return edge


def _colour(index: int) -> Callable[[Array], Array]:
    return lambda image: image[index]


FILTERS: dict[str, Callable[[Array], Array]] = {
    "red": _colour(0),
    "green": _colour(1),
    "blue": _colour(2),
    "edges |": _edge(0),
    "edges /": _edge(45),
    "edges —": _edge(90),
    "edges \\": _edge(135),
    "fine detail": lambda image: _brightness(image) - gaussian_filter(_brightness(image), FINE),
    "centre-surround": lambda image: (
        gaussian_filter(_brightness(image), FINE) - gaussian_filter(_brightness(image), COARSE)
    ),
    "blur": lambda image: gaussian_filter(_brightness(image), COARSE),
}


def photograph(shrink: int = 4) -> Array:
    """Load the portrait that ships with matplotlib (``grace_hopper.jpg``), made smaller by averaging blocks.

    Args:
        shrink: Side of the averaged blocks in pixels, at least 1; 4 gives 150 x 128 pixels.

    Returns:
        Red, green and blue planes (3, H, W) with values in [0, 1].

    Raises:
        ValueError: If ``shrink`` is less than 1.
    """
    if shrink < 1:
        raise ValueError(f"shrink must be an integer >= 1, got {shrink!r}")
    from matplotlib.cbook import get_sample_data
    from PIL import Image

    with Image.open(get_sample_data("grace_hopper.jpg", asfileobj=False)) as picture:
        pixels = np.asarray(picture.convert("RGB"), dtype=np.float64) / 255  # (H, W, 3)
    height, width = (side // shrink * shrink for side in pixels.shape[:2])
    blocks = pixels[:height, :width].reshape(height // shrink, shrink, width // shrink, shrink, 3)
    return blocks.mean(axis=(1, 3)).transpose(2, 0, 1)


def filter_bank(image: Array) -> Array:
    """Apply the ten filters of ``FILTERS``.

    The colours, the edge strengths and the blur are never negative for an image in [0, 1]. "Fine detail" and
    "centre-surround" are signed, and the last three channels sum to the brightness (R + G + B) / 3 exactly.

    Args:
        image: Red, green and blue planes (3, H, W).

    Returns:
        Feature map (10, H, W), channels in the order of ``FILTERS``.

    Raises:
        ValueError: If ``image`` is not (3, H, W).
    """
    image = np.asarray(image, dtype=np.float64)
    if image.ndim != 3 or image.shape[0] != 3:
        raise ValueError(f"image must have shape (3, H, W), got {image.shape}")
    return np.stack([apply(image) for apply in FILTERS.values()])
