"""A figure of published error rates, one against the other, with the error bar that the papers leave out."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from convattn.lab.show.style import COLOURS, headline, panels
from convattn.lab.stats import error_rate_se


def show_changes(pairs: Mapping[str, tuple[float, float]], title: str, *, images: int = 50_000) -> Figure:
    """Draw what a change did to error rates, with 95 % intervals for the sampling error of the test images alone.

    The interval is that of two independent test sets, 1.96 standard errors. Both networks were tested on the same
    images, so a paired one would be narrower; the papers do not give what it needs.

    Args:
        pairs: By label, from top to bottom: the error rate with the change and without it, in percent.
        title: What the figure shows.
        images: Size of the test set.

    Returns:
        The figure; its x axis has points of the error, below zero is better.

    Raises:
        ValueError: If there are no pairs.
    """
    if not pairs:
        raise ValueError("pairs must have at least one pair, got none")
    figure, (ax,) = panels(height=1.1 + 0.4 * len(pairs))
    for place, (one, other) in enumerate(pairs.values()):
        half = 1.96 * (error_rate_se(one, images) ** 2 + error_rate_se(other, images) ** 2) ** 0.5
        ax.errorbar(one - other, place, xerr=half, fmt="o", color=COLOURS["blue"], capsize=3)
    ax.axvline(0, color=COLOURS["grey"], lw=1)
    ax.set_yticks(range(len(pairs)), pairs)
    ax.set(ylim=(len(pairs) - 0.4, -0.6), xlabel="change of the error (points); left is better")
    headline(figure, title)
    return figure
