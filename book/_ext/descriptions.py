"""Sphinx extension: each page tells search engines what it is about, by its first paragraph."""

from __future__ import annotations

from html import escape

from docutils import nodes
from sphinx.application import Sphinx

LONGEST = 155  # characters; more is cut off in lists of results


def description(doctree: nodes.document | None, instead: str) -> str:
    """Return the first paragraph of a page, or as much of it as fits, whole words; else what is said instead."""
    sections = doctree.findall(nodes.section) if doctree else ()
    paragraphs = (part for section in sections for part in section.children if isinstance(part, nodes.paragraph))
    text = " ".join(next(paragraphs, nodes.paragraph("", instead)).astext().split()).removeprefix("Question. ")
    if len(text) <= LONGEST:
        return text
    return text[: text.rindex(" ", 0, LONGEST)].rstrip(",;: ") + " …"


def describe(app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None) -> None:
    """Add the description to the head of a page."""
    name = page.removeprefix("_modules/").replace("/", ".")
    what = f"Source code of {name}" if name != page else name.capitalize()
    text = description(doctree, f"{what}, of the book {context['docstitle']}")
    context["metatags"] = f'{context.get("metatags", "")}\n<meta name="description" content="{escape(text)}">'


def setup(app: Sphinx) -> dict[str, object]:
    """Register the hook."""
    app.connect("html-page-context", describe)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
