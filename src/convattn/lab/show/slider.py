"""Figures with a slider that need no server and no network."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Sequence

from matplotlib.figure import Figure

_SLIDER = """\
<figure class="frames" id="{uid}" style="margin:1em 0">
{images}
<label for="{uid}-r">{label}: <output id="{uid}-o" for="{uid}-r">{first}</output></label>
<input id="{uid}-r" type="range" min="0" max="{last}" value="0" step="1" aria-valuetext="{first}"
 style="width:min(100%,{width}px);display:block" data-values="{values}"
 oninput="var f=this.closest('figure'),i=+this.value,v=this.dataset.values.split('|')[i];
f.querySelectorAll('img').forEach(function(e,k){{e.hidden=k!==i}});
f.querySelector('output').value=v;this.setAttribute('aria-valuetext',v)">
</figure>"""


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

    Raises:
        ValueError: If there are no frames, or not one value and one alternative text for each.
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
        figsize: tuple[float, float] = (7.0, 3.0),
    ) -> None:
        sizes = len(frames), len(values), len(alts)
        if not frames or len(set(sizes)) != 1:
            raise ValueError(f"frames, values and alts must have the same length >= 1, got {sizes}")
        self.values, self.label, self.uid = [str(v) for v in values], label, uid
        self.alts, self.width = list(alts), int(figsize[0] * 96)
        self.pictures = []
        for frame in frames:
            figure = Figure(figsize=figsize, layout="constrained")
            draw(figure, frame)
            buffer = io.BytesIO()
            figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
            self.pictures.append(buffer.getvalue())

    def __repr__(self) -> str:
        return f"<Frames: {self.label}, {len(self.values)} values>"

    def _repr_html_(self) -> str:
        images = "\n".join(
            f'<img src="data:image/png;base64,{base64.b64encode(picture).decode()}" alt="{html.escape(alt)}"'
            f' width="{self.width}" style="max-width:100%;height:auto"{" hidden" if i else ""}>'
            for i, (picture, alt) in enumerate(zip(self.pictures, self.alts, strict=True))
        )
        return _SLIDER.format(
            uid=self.uid,
            images=images,
            label=html.escape(self.label),
            first=html.escape(self.values[0]),
            last=len(self.values) - 1,
            width=self.width,
            values=html.escape("|".join(self.values)),
        )
