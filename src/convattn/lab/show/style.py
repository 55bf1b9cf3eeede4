"""Style of the book's figures: text as text in an SVG, and panels that can be read on a phone."""

from __future__ import annotations

import builtins
import textwrap
from typing import Any

import numpy as np
from matplotlib import pyplot, style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

# Okabe and Ito's palette, which people with any common colour blindness can tell apart. The book's pages show each
# of them, black and white by a colour of the page's theme (book/_static/book.css).
COLOURS = {
    "blue": "#0072B2",
    "orange": "#D55E00",
    "green": "#009E73",
    "pink": "#CC79A7",
    "sky": "#56B4E9",
    "black": "#000000",
    "grey": "#666666",
    "dark": "#101010",  # black also on a dark page: for marks on a light picture
}

# A column of the book is 350 CSS pixels wide on a phone: there 9 pixels are this many points in a figure of WIDTH.
WIDTH = 4.8  # inches
SMALLEST = 9.2  # points

STYLE = {
    "figure.dpi": 96,
    "savefig.dpi": 192,  # of what is not drawn as lines
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "xtick.labelsize": SMALLEST,
    "ytick.labelsize": SMALLEST,
    "legend.fontsize": SMALLEST,
    "legend.frameon": False,
    "image.cmap": "viridis",
    "image.interpolation": "none",  # an SVG then keeps the pixels of the data
    "svg.fonttype": "none",  # text, which the page sets in its own font
    "svg.hashsalt": "convattn",
}


def use_style() -> dict[str, str]:
    """Set matplotlib's defaults to the book's style, let notebooks draw SVG, and return the colours by name."""
    style.use(STYLE)
    shell = getattr(builtins, "get_ipython", lambda: None)()  # what a notebook runs in puts it there
    if shell is not None:
        shell.run_line_magic("config", "InlineBackend.figure_formats = ['svg']")  # braces would be filled in
        options = "dict(bbox_inches=None, metadata=dict(Date=None, Creator=None))"
        shell.run_line_magic("config", f"InlineBackend.print_figure_kwargs = {options}")
    return COLOURS


def panels(rows: int = 1, *, height: float = 2.6, **options: Any) -> tuple[Figure, NDArray[np.object_]]:
    """Make a figure of one column of panels, one above the other, each as wide as the page of a phone.

    Args:
        rows: Number of panels.
        height: Height of each in inches.
        **options: For ``matplotlib.pyplot.subplots``.

    Returns:
        The figure, and its axes as an array (rows,).

    Raises:
        ValueError: If ``rows`` is less than 1 or ``height`` is not positive.
    """
    if rows < 1 or not height > 0:
        raise ValueError(f"rows must be >= 1 and height > 0, got {rows!r} and {height!r}")
    figure, axes = pyplot.subplots(rows, 1, figsize=(WIDTH, rows * height), squeeze=False, **options)
    return figure, axes[:, 0]


def headline(figure: Figure, text: str) -> None:
    """Write the title of a figure of several axes, flush left, on as many lines as it needs.

    Args:
        figure: The figure.
        text: What the figure shows, as a sentence.
    """
    lines = textwrap.fill(text, int(figure.get_figwidth() * 12))  # a letter of this size is 1/12 inch wide, or less
    figure.suptitle(lines, x=0.01, ha="left", fontsize=10.5)


def pictures(axes: NDArray[np.object_], images: NDArray[np.float64], titles: list[str], **options: Any) -> None:
    """Show maps beside each other, each below its title and without axes.

    Args:
        axes: As many axes as there are maps, or more, which stay empty.
        images: Maps (N, H, W).
        titles: A title for each; a title has as many characters as fit above its map.
        **options: For ``matplotlib.axes.Axes.imshow``.

    Raises:
        ValueError: If there is not a title for each map, or are more maps than axes.
    """
    places: list[Axes] = list(np.ravel(axes))
    if len(images) != len(titles) or len(images) > len(places):
        raise ValueError(f"images, titles and axes must fit, got {len(images)}, {len(titles)} and {len(places)}")
    for place in places:
        place.set_axis_off()
    for place, image, title in zip(places, images, titles, strict=False):
        place.imshow(image, **options)
        place.set_title(title, fontsize=SMALLEST, loc="center", pad=3)
