"""Sphinx extension: an old address of a section, page#section, leads to where that section is now.

A server never sees what stands behind #, so the page itself sends the reader on. book/moved.json says from where to
where: by the old page, the old section and the new address, both without .html.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.osutil import relative_uri

MAP = "book/moved.json"
SCRIPT = "<script>{{const to = {places}[location.hash.slice(1)]; if (to) location.replace(to);}}</script>"


def moved(app: Sphinx) -> dict[str, dict[str, str]]:
    """Return the map of this book: by page, the new address of each old section."""
    path = Path(app.srcdir, MAP)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def lead_on(app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
    """Let a page that has lost sections send their readers on."""
    places = {}
    for old, new in moved(app).get(page, {}).items():
        to, _, section = new.partition("#")
        places[old] = f"{relative_uri(f'{page}.html', f'{to}.html')}#{section}"
    if places:
        context["metatags"] = context.get("metatags", "") + SCRIPT.format(places=json.dumps(places))


def check(app: Sphinx, failure: Exception | None) -> None:
    """Stop if an old section is still on its page, or a new one is not where the map says."""
    if failure or app.builder.name != "html":
        return
    ids: dict[str, set[str]] = {}

    def on(page: str) -> set[str]:
        path = Path(app.outdir, page + ".html")
        if page not in ids:
            ids[page] = set(re.findall(r'\sid="([^"]+)"', path.read_text(encoding="utf-8"))) if path.exists() else set()
        return ids[page]

    for page, places in moved(app).items():
        for old, new in places.items():
            to, _, section = new.partition("#")
            if old in on(page):
                raise ExtensionError(f"{MAP}: {page} still has the section {old}")
            if section not in on(to):
                raise ExtensionError(f"{MAP}: {page}#{old} leads to {new}, which does not exist")


def setup(app: Sphinx) -> dict[str, object]:
    """Register the hooks."""
    app.connect("html-page-context", lead_on)
    app.connect("build-finished", check)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
