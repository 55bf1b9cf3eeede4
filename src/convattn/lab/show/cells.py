"""A computation as coloured cells: each tensor with its numbers, each step beside its name."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Kind = Literal["map", "logit", "gate"]

CELL, HEIGHT, GAP, WIDTH = 46, 26, 12, 400  # pixels; a phone shows 350 of them
COLOURS = {"map": "#0072b2", "logit": "#cc79a7", "gate": "#009e73"}
NEGATIVE = "#666666"


class Cells(NamedTuple):
    """One tensor of a drawing.

    Args:
        values: Numbers, one row (N,) or a map (H, W).
        label: What stands below it.
        kind: "map" for values of a feature map, "logit" for what a sigmoid gets, "gate" for what it gives.
    """

    values: ArrayLike
    label: str
    kind: Kind = "map"


class Step(NamedTuple):
    """One line of a drawing: from left to right tensors, and between them what is done, as text.

    Args:
        title: What the step does, above the line.
        parts: Tensors and texts.
    """

    title: str
    parts: Sequence[Cells | str]


def _number(value: float) -> str:
    """Write a number with at most two decimals, and a minus as wide as a plus."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")


class ByHand:
    """A computation by hand, drawn as coloured cells: the stronger the colour, the larger the number among its kind.

    Args:
        steps: Its steps, from top to bottom.
        caption: What is computed; the text form begins with it.

    Raises:
        ValueError: If there is no step, or a tensor has not one or two dimensions.
    """

    def __init__(self, steps: Sequence[Step], *, caption: str) -> None:
        if not steps:
            raise ValueError("steps must have at least one step, got none")
        for step in steps:
            for part in step.parts:
                if isinstance(part, Cells) and np.ndim(part.values) not in (1, 2):
                    raise ValueError(f"{part.label}: values must have 1 or 2 dimensions, got {np.shape(part.values)}")
        self.steps, self.caption = list(steps), caption
        parts = [part for step in self.steps for part in step.parts if isinstance(part, Cells)]
        self.largest: dict[Kind, float] = {"map": 1e-9, "logit": 1e-9, "gate": 1.0}
        for part in parts:
            self.largest[part.kind] = max(self.largest[part.kind], float(np.abs(_grid(part)).max()))

    def __repr__(self) -> str:
        lines = [self.caption]
        for step in self.steps:
            parts = []
            for part in step.parts:
                if isinstance(part, str):
                    parts.append(part)
                    continue
                rows = [" ".join(_number(value) for value in row) for row in _grid(part)]
                parts.append(f"{part.label} = ({'; '.join(rows)})")
            lines.append(f"  {step.title}: {'  '.join(parts)}")
        return "\n".join(lines)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"image/svg+xml": self.svg(), "text/plain": repr(self)}

    def svg(self) -> str:
        """Return the drawing as an SVG file."""
        body, y = [], 4
        for step in self.steps:
            body.append(f'<text class="title" x="0" y="{y + 13}">{escape(step.title)}</text>')
            y += 22
            tall = max(len(_grid(part)) for part in step.parts if isinstance(part, Cells)) * HEIGHT
            x = 1.0
            for part in step.parts:
                if isinstance(part, str):
                    x += 3.6 * len(part)
                    body.append(f'<text class="act" x="{x:.1f}" y="{y + tall / 2 + 4.5:.1f}">{escape(part)}</text>')
                    x += 3.6 * len(part) + GAP
                    continue
                grid = _grid(part)
                body += _rectangles(grid, part.kind, self.largest[part.kind], x, y)
                middle, below = x + len(grid[0]) * CELL / 2, y + len(grid) * HEIGHT + 15
                body.append(f'<text class="label" x="{middle}" y="{below}">{escape(part.label)}</text>')
                x += len(grid[0]) * CELL + GAP
            y += tall + 32
        return _FILE.format(width=WIDTH, height=y - 8, body="\n".join(body))


def _grid(part: Cells) -> NDArray[np.float64]:
    return np.atleast_2d(np.asarray(part.values, dtype=np.float64))


def _rectangles(grid: NDArray[np.float64], kind: Kind, largest: float, x: float, y: float) -> list[str]:
    drawn = []
    for (row, column), value in np.ndenumerate(grid):
        left, top = x + column * CELL, y + row * HEIGHT
        strength = 0.04 + 0.46 * abs(value) / largest
        colour = NEGATIVE if value < 0 else COLOURS[kind]
        drawn.append(
            f'<rect x="{left}" y="{top}" width="{CELL}" height="{HEIGHT}" fill="{colour}" fill-opacity="{strength:.2f}"'
            f' stroke="{colour}"/><text class="number" x="{left + CELL / 2}" y="{top + HEIGHT / 2 + 4.5}">'
            f"{_number(value)}</text>"
        )
    return drawn


_FILE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">
<style>
text {{ font: 13px system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; fill: #1a1a1a; }}
.title {{ font-weight: 600; }}
.label, .number, .act {{ text-anchor: middle; }}
.label, .act {{ font-size: 12px; }}
</style>
{body}
</svg>"""
