"""Style of the book's figures."""

from __future__ import annotations

from matplotlib import style
from matplotlib.figure import Figure

# Okabe and Ito's palette, which people with any common colour blindness can tell apart
COLOURS = {
    "blue": "#0072B2",
    "orange": "#D55E00",
    "green": "#009E73",
    "pink": "#CC79A7",
    "sky": "#56B4E9",
    "black": "#000000",
    "grey": "#666666",
}

STYLE = {
    "figure.dpi": 110,
    "savefig.dpi": 110,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "legend.frameon": False,
    "image.cmap": "viridis",
    "svg.hashsalt": "convattn",
}


def use_style() -> dict[str, str]:
    """Set matplotlib's defaults to the book's style, and return its colours by name."""
    style.use(STYLE)
    return COLOURS


def headline(figure: Figure, text: str) -> None:
    """Write the title of a figure of several axes, flush left.

    Args:
        figure: The figure.
        text: What the figure shows, as a sentence.
    """
    figure.suptitle(text, x=0.01, ha="left", fontsize=11)
