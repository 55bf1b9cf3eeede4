"""Sphinx extension: pages without what they do not need, and small drawings in place of the theme's icon font.

The theme loads 1.7 MB of icons with every page. Here each place of an icon gets one of the drawings below when its page
is written, and the build fails where one is missing. Files that no page asks for are removed at the end.
"""

from __future__ import annotations

import re
import shutil
import zlib
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.jinja2glue import BuiltinTemplateLoader

FILE = "M6 3h8l4 4v14H6zM14 3v4h4"
DOT = "a2 2 0 1 0 0 4a2 2 0 0 0 0-4"
BRANCH = f"M7 3{DOT}M7 17{DOT}M17 4{DOT}M7 7v10M17 8c0 5-7 3-9.5 8"
RAYS = "M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6l1.4 1.4M5 19l1.4-1.4M17.6 6.4l1.4-1.4"
# The theme's name of an icon: strokes on 24 x 24; book.css has their width, and a few more for its own marks.
DRAWINGS = {
    "angle-left": "M15 5l-7 7l7 7",
    "angle-right": "M9 5l7 7l-7 7",
    "arrow-up": "M12 20V4M5 11l7-7l7 7",
    "bars": "M3 6h18M3 12h18M3 18h18",
    "chevron-down": "M5 9l7 7l7-7",
    "circle-half-stroke": "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18v18M14 4v16M16 5v14M18 6.5v11M19.5 9v6",
    "download": "M12 3v12M7 10l5 5l5-5M4 20h16",
    "expand": "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
    "file-pdf": FILE + "M9 12h6M9 16h6",
    "github": BRANCH,
    "gitlab": BRANCH,
    "lightbulb": "M9 17h6M10 21h4M9 17c0-3-3-4-3-8a6 6 0 0 1 12 0c0 4-3 5-3 8",
    "list": "M9 6h12M9 12h12M9 18h12M4 6h.01M4 12h.01M4 18h.01",
    "magnifying-glass": "M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13M15.5 15.5l5 5",
    "moon": "M20 14.5A8.5 8.5 0 1 1 9.5 4A7 7 0 0 0 20 14.5z",
    "play": "M7 4l13 8l-13 8z",
    "rocket": "M12 2c4 3 5 7 4 13H8c-1-6 0-10 4-13zM8 11l-3 4v4l3-2M16 11l3 4v4l-3-2M12 19v3M12 8.5v.01",
    "sun": "M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8" + RAYS,
}
STYLES = {"solid", "regular", "brands", "lg"}  # classes of the icon font that name no icon

SOURCE_BUTTONS = {"download-notebook-button", "download-source-button"}

ICON = re.compile(r'<(i|span) class="([^"]*\bfa-[^"]*)"([^>]*)></\1>')
ICON_SCRIPT = re.compile(
    r'(?:<!-- So that users can add custom icons -->\s*)?<script[^>]* src="[^"]*/fontawesome\.js[^>]*></script>\s*'
)
EARLY = "<script>document.fonts.load(\"1em 'Book Math'\")</script>"  # before the first formula needs it, and shifts
MATH_FONT = re.compile(r'\s*<link[^>]* href="[^"]*/math-font\.css"[^>]*>')
SEARCH = re.compile(r'\s*<script src="[^"]*(?:searchtools|language_data|searchindex)\.js[^>]*></script>')

ICON_RULES = re.compile(
    r'/\*!\s*\* Font Awesome.*\.fa-[\w-]+:before\{content:"\\\w+ ?"\}'  # all of the font's own
    r"|[^{}]+\{[^{}]*font-family:Font Awesome[^{}]*\}",  # and the theme's that need it
    re.DOTALL,
)
SOURCE_MAP = re.compile(r"\n?(?:/\*# sourceMappingURL=.*?\*/|//# sourceMappingURL=.*)")

# Below _static: no page asks for these.
UNUSED = (
    "**/*.map", "scripts/fontawesome.js*", "vendor", "locales", "images", "sphinx-thebe.*", "*webpack-macros.html",
    "*-solid.svg", "copy-button.svg", "readme-*.png",
)  # fmt: skip


def drawing(match: re.Match) -> str:
    """Return the drawing for an element of the icon font, with its other classes and attributes."""
    classes = match[2].split()
    other = [name for name in classes if not re.fullmatch(r"fa[bsr]?|fa-.*", name)]
    names = {name[3:] for name in classes if name.startswith("fa-")} - STYLES
    if len(names) != 1 or not names <= DRAWINGS.keys():
        raise ExtensionError(f"light_pages.py has no drawing for the icon {match[0]}")
    attributes = match[3].replace(' aria-hidden="true"', "")
    path = DRAWINGS[names.pop()]
    return (
        f'<svg class="{" ".join(["book-icon", *other])}"{attributes} viewBox="0 0 24 24" width="1em" height="1em" '
        f'aria-hidden="true"><path d="{path}"/></svg>'
    )


class Pages(BuiltinTemplateLoader):
    """Sphinx's templates; what they give is made lighter before it is written."""

    def render(self, template: str, context: dict) -> str:
        """Render a page: own icons; the font of formulas and the index of the search only where they are used."""
        page = ICON.sub(drawing, ICON_SCRIPT.sub("", super().render(template, context)))
        page = MATH_FONT.sub(rf"\g<0>{EARLY}" if "<math" in page else "", page)
        if template != "search.html" and "search_as_you_type = false" in page:
            page = SEARCH.sub("", page)
        return page


def use_pages(app: Sphinx, config: Config) -> None:
    """Let Sphinx render pages with the class above."""
    config.template_bridge = f"{__name__}.{Pages.__name__}"


def no_sources(app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
    """Take the sources out of the download menu when none are published; the theme offers them all the same."""
    for group in context["header_buttons"]:
        if group.get("label") == "download-buttons" and not app.config.html_copy_source:
            group["buttons"] = [button for button in group["buttons"] if button["label"] not in SOURCE_BUTTONS]


def leave_out(app: Sphinx, exception: Exception | None) -> None:
    """Remove what no page asks for: files, and the rules for the icon font in the theme's style sheet."""
    if exception is not None or app.builder.format != "html":
        return
    if not app.config.html_copy_source:
        shutil.rmtree(Path(app.outdir, "_sources"), ignore_errors=True)  # of an earlier build
    static = Path(app.outdir, "_static")
    for pattern in UNUSED:
        for path in static.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    for path in (*static.glob("styles/*.css"), *static.glob("scripts/*.js")):
        text = path.read_text(encoding="utf-8")
        path.write_text(ICON_RULES.sub("", SOURCE_MAP.sub("", text)), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, object]:
    """Register the hooks; a change of this file makes Sphinx read every page again."""
    app.connect("config-inited", use_pages)
    app.connect("html-page-context", no_sources, priority=550)  # the theme makes its buttons at 501
    app.connect("build-finished", leave_out)
    version = zlib.crc32(Path(__file__).read_bytes())
    return {"version": "1", "env_version": version, "parallel_read_safe": True, "parallel_write_safe": True}
