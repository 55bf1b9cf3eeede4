"""Figures with a slider that need no server and no network."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Sequence

from matplotlib import rc_context
from matplotlib.figure import Figure

from convattn.lab.show.style import WIDTH

_SLIDER = """\
<figure class="frames" id="{uid}" style="margin:1em 0">
{pictures}
<label for="{uid}-r">{label}: <output id="{uid}-o" for="{uid}-r">{first}</output></label>
<input id="{uid}-r" type="range" min="0" max="{last}" value="{shown}" step="1" aria-valuetext="{first}"
 style="width:min(100%,{width}px);display:block" data-values="{values}"
 oninput="var f=this.closest('figure'),i=+this.value,v=this.dataset.values.split('|')[i];
f.querySelectorAll('.frame').forEach(function(e,k){{e.hidden=k!==i}});
f.querySelector('output').value=v;this.setAttribute('aria-valuetext',v)">
</figure>"""


def _svg(figure: Figure) -> str:
    """Draw a figure as an ``svg`` element."""
    buffer = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "convattn"}):  # the same text each time
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return re.sub(r"\s*<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL).rstrip()


class Frames:
    """A figure with a slider: one picture drawn beforehand for each value; the arrow keys move it.

    Args:
        draw: Called as ``draw(figure, frame)`` for each frame.
        frames: What ``draw`` gets, one for each picture.
        values: What the slider says of each picture.
        label: What the value is, with its unit; shown beside the slider.
        alts: Alternative text of each picture.
        uid: Id of the HTML element: unique on the page, and fixed, so that the output does not change.
        figsize: Width and height of a picture in inches.
        shown: Index of the picture at which the slider opens: an interesting one.

    Raises:
        ValueError: If there are no frames, or not one value and one alternative text for each, or no picture ``shown``.
    """

    def __init__(
        self,
        draw: Callable[..., None],
        frames: Sequence[object],
        values: Sequence[object],
        *,
        label: str,
        alts: Sequence[str],
        uid: str,
        figsize: tuple[float, float] = (WIDTH, 3.0),
        shown: int = 0,
    ) -> None:
        sizes = len(frames), len(values), len(alts)
        if not frames or len(set(sizes)) != 1:
            raise ValueError(f"frames, values and alts must have the same length >= 1, got {sizes}")
        if not 0 <= shown < len(frames):
            raise ValueError(f"shown must be from 0 to {len(frames) - 1}, got {shown!r}")
        self.shown = shown
        self.values, self.label, self.uid = [str(v) for v in values], label, uid
        self.alts, self.width = list(alts), int(figsize[0] * 96)
        self.pictures = []
        for frame in frames:
            figure = Figure(figsize=figsize, layout="constrained")
            draw(figure, frame)
            self.pictures.append(_svg(figure))

    def __repr__(self) -> str:
        return f"<Frames: {self.label}, {len(self.values)} values>"

    def _repr_html_(self) -> str:
        pictures = "\n".join(
            f'<div class="frame" role="img" aria-label="{html.escape(alt)}"{"" if i == self.shown else " hidden"}>'
            f"{picture}</div>"
            for i, (picture, alt) in enumerate(zip(self.pictures, self.alts, strict=True))
        )
        return _SLIDER.format(
            uid=self.uid,
            pictures=pictures,
            label=html.escape(self.label),
            first=html.escape(self.values[self.shown]),
            shown=self.shown,
            last=len(self.values) - 1,
            width=self.width,
            values=html.escape("|".join(self.values)),
        )
