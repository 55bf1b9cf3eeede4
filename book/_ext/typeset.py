"""Sphinx extension: no line of a page begins with lone punctuation, and no number is parted from its unit.

A browser may break a line on either side of a formula, so a formula and the text that touches it are kept together. The
copies for Colab are left as they are.
"""

from __future__ import annotations

import itertools
import re
import zlib
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform

CODE = (nodes.FixedTextElement, nodes.literal, nodes.math, nodes.raw, addnodes.desc_signature)
UNIT = r"(?=[%‰×±°](?![^\W_])|(?:[kMG]i?B|[mµn]?s|px)\b)"
# a text may go on after a number in bold, or a formula; a letter is the symbol of a number, as in C × H × W
JOINED = re.compile(rf"(?:(?<=\d)|(?<=\b[A-Z])|^) {UNIT}|(?<=×) (?=\d|[A-Z]\b)")
SPACES = re.compile(r"([ \t\n]+)")
LONG = 20  # characters


def may_break(part: nodes.Node) -> bool:
    """Tell whether a line may be broken within or at this part of a text: at spaces, or in a longer element."""
    if isinstance(part, nodes.Text):
        return SPACES.fullmatch(part) is not None
    return not isinstance(part, nodes.math) and (len(part.astext()) > LONG or SPACES.search(part.astext()) is not None)


def together(element: nodes.Element) -> list[nodes.Node]:
    """Return what is in an element, with each formula and the text that touches it in a span without line breaks."""
    parts: list[nodes.Node] = []
    for child in element.children:
        split = isinstance(child, nodes.Text)
        parts += [nodes.Text(text) for text in SPACES.split(child) if text] if split else [child]
    result: list[nodes.Node] = []
    for breaks, group in itertools.groupby(parts, may_break):
        run = list(group)
        if not breaks and len(run) > 1 and any(isinstance(part, nodes.math) for part in run):
            run = [nodes.inline("", "", *run, classes=["nobr"])]
        result += run
    return result


def ancestors(node: nodes.Node) -> list[nodes.Element]:
    """Return the elements around a node."""
    return [node.parent, *ancestors(node.parent)] if node.parent is not None else []


def join_numbers(tree: nodes.Element) -> None:
    """Put no-break spaces between numbers and units, but not in code."""
    for text in list(tree.findall(nodes.Text)):
        joined = JOINED.sub("\N{NO-BREAK SPACE}", text)
        if joined != text and not any(isinstance(parent, CODE) for parent in ancestors(text)):
            text.parent.replace(text, nodes.Text(joined))


def divide(name: nodes.literal) -> None:
    """Let a line break after the dots of a long name; else a narrow page breaks where it must, before a comma."""
    parts = re.split(r"(?<=\w\.)(?=\w)", name.astext())
    if len(name.astext()) > LONG and len(parts) > 1 and len(name.children) == 1:
        pairs = ([nodes.Text(part), nodes.raw("", "<wbr>", format="html")] for part in parts)
        name[:] = list(itertools.chain(*pairs))[:-1]


class KeepTogether(SphinxPostTransform):
    """Joins what belongs together on the pages of the book."""

    default_priority = 900  # after the references are resolved
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        """Change the texts of a page."""
        join_numbers(self.document)
        for parent in {formula.parent for formula in self.document.findall(nodes.math)}:
            parent[:] = together(parent)
        for name in list(self.document.findall(nodes.literal)):
            divide(name)


def join_in_contents(app: Sphinx, env: BuildEnvironment) -> None:
    """Do the same in the lists of contents, which are made of the titles before any transform for one format."""
    for contents in env.tocs.values():
        join_numbers(contents)


def setup(app: Sphinx) -> dict[str, object]:
    """Register the transform; a change of this file makes Sphinx read every page again."""
    app.add_post_transform(KeepTogether)
    app.connect("env-updated", join_in_contents)
    version = zlib.crc32(Path(__file__).read_bytes())
    return {"version": "1", "env_version": version, "parallel_read_safe": True, "parallel_write_safe": True}
