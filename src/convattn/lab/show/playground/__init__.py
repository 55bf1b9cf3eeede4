"""CBAM computed live in the page: a map to paint on, and every number that the gates make of it."""

from __future__ import annotations

import re
from html import escape
from importlib.resources import files
from typing import Literal, get_args

Preset = Literal["start", "peak", "area", "shuffle", "place", "window", "order", "shut"]
SCRIPTS = ("cbam.mjs", "state.mjs", "view.mjs")

_PAGE = """\
<style>{style}</style>
<{tag} class="pg" id="{uid}">
{opening}<div class="pg-ui" id="{uid}-ui" data-preset="{preset}">
<p>The playground needs JavaScript: run this cell, or open the built page.</p>
</div>
</{tag}>
<script>
(() => {{
{script}
const root = document.getElementById("{uid}-ui");
const fold = root.closest("details");
const asked = /^#(play|try-)/.test(location.hash);
if (!fold || fold.open || asked) start(root);
else fold.addEventListener("toggle", () => start(root), {{ once: true }});
}})();
</script>"""


def _source(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def _script() -> str:
    """Return the modules as one script: their imports and exports are needed by other readers of the files alone."""
    return "".join(re.sub(r"(?m)^import .*\n|^export ", "", _source(name)) for name in SCRIPTS)


class Playground:
    """CBAM on a map of four channels, computed in the page by JavaScript: no kernel, no server, no network.

    The reader paints the map, sets pools, reduction, window, order and gates, and sees each intermediate; all weights
    are set by hand. The numbers are those of :class:`convattn.CBAM` in eval mode, to which a test compares them.

    Args:
        preset: The state at which it opens.
        summary: What the button says behind which it is folded; without it, it stands open.
        uid: Id of the HTML element: unique on the page, and fixed, so that the output does not change.

    Raises:
        ValueError: If ``preset`` is unknown, or ``uid`` is not a word of letters, digits, hyphens and underscores.
    """

    def __init__(self, preset: Preset = "start", *, summary: str | None = None, uid: str = "playground") -> None:
        if preset not in get_args(Preset):
            raise ValueError(f"preset must be one of {', '.join(map(repr, get_args(Preset)))}, got {preset!r}")
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", uid):
            raise ValueError(f"uid must be a word of letters, digits, hyphens and underscores, got {uid!r}")
        self.preset, self.summary, self.uid = preset, summary, uid

    def __repr__(self) -> str:
        return f"<Playground: {self.preset}>"

    def _repr_html_(self) -> str:
        folded = self.summary is not None
        return _PAGE.format(
            style=_source("style.css"),
            tag="details" if folded else "div",
            opening=f'<summary class="pg-open">{escape(self.summary or "")}</summary>\n' if folded else "",
            uid=self.uid,
            preset=self.preset,
            script=_script(),
        )
