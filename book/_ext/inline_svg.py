"""Sphinx extension: drawings and figures are part of the page, in the colours of its theme.

An SVG in an ``<img>`` follows the system's colour scheme and not the switch of the page, and its text is a picture. So
each one, ours and matplotlib's, is written into the page: its colours become variables of book.css, its ids get a
prefix, and its alternative text becomes its name.
"""

from __future__ import annotations

import itertools
import re
import zlib
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.writers.html5 import HTML5Translator

# Colours of the drawings and of convattn.lab.show.style; book.css gives each name a value in either theme.
COLOURS = {
    "#000000": "ink", "#1a1a1a": "ink", "#333333": "ink", "#666666": "muted", "#bbbbbb": "faint",
    "#ffffff": "paper", "#e8e8e8": "tile",
    "#0072b2": "blue", "#cfe6f5": "pale-blue", "#d55e00": "orange", "#fbe3bf": "pale-orange",
    "#00704f": "green", "#009e73": "green", "#cdeee3": "pale-green", "#cc79a7": "pink", "#56b4e9": "sky",
}  # fmt: skip
COLOUR = re.compile("|".join(COLOURS), re.IGNORECASE)
HEAD = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>|<(title|desc)\b.*?</\1>", re.DOTALL)
STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
SVG = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
SLIDER = re.compile(r'<figure class="frames".*?</figure>', re.DOTALL)
OPEN = re.compile(r"<svg\b([^>]*)>")
BOX = re.compile(r'\bviewBox="([^"]*)"')


def prefixed(svg: str, prefix: str) -> str:
    """Give all ids and classes of an SVG a prefix, and its rules for elements to this SVG alone."""
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'(href="|url\()#', rf"\1#{prefix}-", svg)
    svg = re.sub(r'\bclass="([^"]*)"', lambda names: f'class="{prefix}-{names[1].replace(" ", f" {prefix}-")}"', svg)

    def scoped(match: re.Match) -> str:
        rules = []
        for selectors, rule in re.findall(r"([^{}]+)(\{[^{}]*\})", match[1]):
            # not by the id where there is a class: what <use> repeats has no such ancestor
            ours = (re.sub(r"\.", f".{prefix}-", one.strip()) for one in selectors.split(","))
            scopes = (one if one.startswith(".") else f":where(#{prefix}) {one}" for one in ours)
            rules.append(f"{', '.join(scopes)} {rule}")
        return "<style>" + "\n".join(rules) + "</style>"

    return STYLE.sub(scoped, svg)


def inline(svg: str, *, name: str, alt: str = "", width: str = "") -> str:
    """Make the markup of an SVG file a part of a page.

    Args:
        svg: The file's text.
        name: Id of the element, unique on the page.
        alt: What there is to see; empty if something around it says that.
        width: How wide it is shown, in CSS; as its own size says when empty.

    Returns:
        One ``svg`` element.

    Raises:
        ExtensionError: It has no viewBox.
    """
    svg = HEAD.sub("", svg)
    svg = svg[svg.index("<svg") :].rstrip()
    opening = OPEN.match(svg)
    if opening is None or not (box := BOX.search(opening[1])):
        raise ExtensionError(f"inline_svg.py: {name} has no viewBox")
    wide = float(box[1].split()[2])
    unit = "pt" if re.search(r'\bwidth="[\d.]+pt"', opening[1]) else "px"  # matplotlib's are points
    size = width or f"{wide * (4 / 3 if unit == 'pt' else 1):.0f}px"
    svg = prefixed(svg[opening.end() :], name)
    svg = COLOUR.sub(lambda colour: f"var(--figure-{COLOURS[colour[0].lower()]})", svg)
    svg = re.sub(r">\s+<", ">\n<", svg)
    links = ' xmlns:xlink="http://www.w3.org/1999/xlink"' if "xlink:" in svg else ""
    label = f'role="img" aria-label="{escape(alt)}"' if alt else 'aria-hidden="true"'
    return f'<svg class="drawing" id="{name}" {label} viewBox="{box[1]}"{links} style="width: {size}">{svg}'


def visit_image(self: HTML5Translator, node: nodes.image) -> None:
    """Write an SVG into the page, and any other image as Sphinx does."""
    if not node["uri"].endswith(".svg"):
        HTML5Translator.visit_image(self, node)
        return
    path = Path(self.builder.app.srcdir, node["uri"])
    self.drawings = getattr(self, "drawings", 0) + 1
    drawing = inline(
        path.read_text(encoding="utf-8"), name=f"drawing-{self.drawings}", alt=node["alt"], width=node.get("width", "")
    )
    self.body.append(drawing + "\n")


def depart_image(self: HTML5Translator, node: nodes.image) -> None:
    """End an image."""
    if not node["uri"].endswith(".svg"):
        HTML5Translator.depart_image(self, node)


def inline_frames(app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None) -> None:
    """Do the same with the pictures of a slider, each of which has its name around it."""
    numbers = itertools.count(1)

    def frames(figure: re.Match) -> str:
        return SVG.sub(lambda svg: inline(svg[0], name=f"frame-{next(numbers)}"), figure[0])

    if "body" in context:
        context["body"] = SLIDER.sub(frames, context["body"])


def no_files(app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None) -> None:
    """Do not copy what is in the page."""
    for uri in [uri for uri in app.builder.images if uri.endswith(".svg")]:
        del app.builder.images[uri]


def no_links(app: Sphinx, config: Config) -> None:
    """Let no drawing be a link to its own file."""
    config.html_scaled_image_link = False


def setup(app: Sphinx) -> dict[str, object]:
    """Register the hooks; a change of this file makes Sphinx read every page again."""
    app.connect("config-inited", no_links)
    app.add_node(nodes.image, override=True, html=(visit_image, depart_image))
    app.connect("html-page-context", inline_frames)
    app.connect("html-page-context", no_files)
    version = zlib.crc32(Path(__file__).read_bytes())
    return {"version": "1", "env_version": version, "parallel_read_safe": True, "parallel_write_safe": True}
