"""Sphinx extension: formulas as MathML, made when the book is built, so that no page needs a script for them."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import math_font
from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

CONVERTER = LatexToMathML(fancy_error=False)
CLASSES = "math notranslate nohighlight"
ENVIRONMENT = re.compile(r"\\begin\{(\w+\*?)\}.*?\\end\{\1\}", re.DOTALL)
# The style sheet sets rows apart, and only MathJax, which shows the Colab copies, has too much space before a bracket.
LEFT_OUT = re.compile(r"(?<=\\\\)\s*\[[^\]]*\]|\\!\s*(?=\\left)")
BIG = ('size="1.2em"', 'size="1.18em"')  # the font has a form of 1.187
# Chromium makes a bracket with an index as large as it should be where it stands in a row of its own.
LARGE = re.compile(r"(<msu[bp](?:sup)?>)(<mo [^>]*minsize[^>]*>[^<]*</mo>)")
# Sphinx numbers these, so the formula itself has no number.
NUMBERED = re.compile(r"\\(begin|end)\{(equation|align|gather|multline)\}")


def mathml(node: nodes.Element, tex: str, *, block: bool) -> str:
    """Convert a formula; a warning tells page and formula where that is not possible."""
    try:
        formula = CONVERTER.convert_with_local_state(LEFT_OUT.sub("", tex), displaystyle=block)
        return LARGE.sub(r"\1<mrow>\2</mrow>", formula.replace(*BIG))
    except LatexError as error:
        block_of_text = node
        while block_of_text.line is None and block_of_text.parent is not None:
            block_of_text = block_of_text.parent  # a formula in a line does not know where it is
        message = "no MathML for the formula %s (%s)"
        logging.getLogger(__name__).warning(message, tex.strip(), str(error).strip(), location=block_of_text)
        return ""


def lines(tex: str) -> str:
    r"""Align the lines of a displayed formula: blank lines and ``\\`` outside of environments end them."""
    tex = r" \\ ".join(part for part in re.split(r"\n\s*\n", tex) if part.strip())
    outside = tex
    while outside != (outside := ENVIRONMENT.sub("", outside)):
        pass
    return rf"\begin{{aligned}}{tex}\end{{aligned}}" if r"\\" in outside else tex


def visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    """Write a formula that stands in a line of text."""
    self.body += [self.starttag(node, "span", "", CLASS=CLASSES), mathml(node, node.astext(), block=False), "</span>"]
    raise nodes.SkipNode


def visit_block(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write a displayed formula in a box that scrolls, after its number with a link to itself."""
    self.body.append(self.starttag(node, "div", CLASS=CLASSES))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    tex = NUMBERED.sub(r"\\\1{\2*}", node.astext()) if node["nowrap"] else lines(node.astext())
    self.body.append(f'<div class="formula" tabindex="0">{mathml(node, tex, block=True)}</div></div>\n')
    raise nodes.SkipNode


def add_style(app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
    """Offer the font to every page; light_pages takes it from those without a formula."""
    link = math_font.LINK.format(context["pathto"](math_font.FILE, resource=True))
    context["metatags"] = context.get("metatags", "") + link


def write_font(app: Sphinx, exception: Exception | None) -> None:
    """Write the font for the formulas of all pages, those of an earlier build among them."""
    if exception is None and app.builder.format == "html":
        pages = Path(app.outdir).rglob("*.html")
        Path(app.outdir, math_font.FILE).write_text(math_font.style(page.read_text("utf-8") for page in pages))


def setup(app: Sphinx) -> dict[str, object]:
    """Register the renderer as ``mathml``; a change of this file makes Sphinx read every page again."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    app.connect("html-page-context", add_style)
    app.connect("build-finished", write_font)
    version = zlib.crc32(Path(__file__).read_bytes())
    return {"version": "1", "env_version": version, "parallel_read_safe": True, "parallel_write_safe": True}
