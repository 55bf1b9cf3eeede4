"""Drawings and figures in the page: the colours of its theme, names of their own, and their alternative text."""

import io
import re

import inline_svg
import matplotlib as mpl
import pytest
from bs4 import BeautifulSoup
from matplotlib import pyplot
from sphinx.errors import ExtensionError

from convattn.lab.show import Frames, use_style
from convattn.lab.show.style import COLOURS

DRAWING = """\
<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20" width="40" height="20" aria-labelledby="t">
  <title id="t">A drawing</title>
  <style>text, .a.b { fill: #1a1a1a; } .c { stroke: #0072b2; }</style>
  <defs><g id="box"><rect class="a b" width="9" height="9"/></g></defs>
  <use href="#box" x="1"/><path class="c" marker-end="url(#box)" d="M0 0h1"/><text>σ</text>
</svg>
"""


def figure():
    with mpl.rc_context():
        use_style()
        drawn, axes = pyplot.subplots()
        axes.plot([0, 1], color=COLOURS["blue"])
        axes.plot([1, 0], "o", color=COLOURS["black"], mfc="white")
        axes.set_title("Title")
        buffer = io.StringIO()
        drawn.savefig(buffer, format="svg")
        pyplot.close(drawn)
    return buffer.getvalue()


def test_names_and_rules_are_of_this_drawing_alone():
    page = inline_svg.inline(DRAWING, name="d", alt='A "box"')
    svg = BeautifulSoup(page, "html.parser").svg
    assert (svg["id"], svg["role"], svg["aria-label"]) == ("d", "img", 'A "box"')
    assert svg.title is None
    assert svg.g["id"] == "d-box"
    assert svg.use["href"] == "#d-box"
    assert svg.path["marker-end"] == "url(#d-box)"
    assert svg.rect["class"] == ["d-a", "d-b"]
    # by its class where <use> repeats it, for what is repeated has no ancestor with the id
    assert ":where(#d) text, .d-a.d-b { fill: var(--figure-ink); }" in page
    assert ".d-c { stroke: var(--figure-blue); }" in page
    assert 'style="width: 40px"' in page
    assert 'style="width: 90%"' in inline_svg.inline(DRAWING, name="d", alt="A box", width="90%")


def test_every_colour_of_a_figure_follows_the_theme(root):
    page = inline_svg.inline(figure(), name="d", alt="A line")
    assert set(re.findall(r"#[0-9a-fA-F]{6}\b", page)) == set()
    used = set(re.findall(r"var\(--figure-([\w-]+)\)", page))
    assert {"ink", "paper", "blue"} <= used
    sheet = (root / "book/_static/book.css").read_text()
    for theme in ("light", "dark"):
        rules = re.search(rf'html\[data-theme="{theme}"\] \{{(.*?)\}}', sheet, re.DOTALL)[1]
        assert set(inline_svg.COLOURS.values()) <= set(re.findall(r"--figure-([\w-]+):", rules)), theme


def test_the_palette_is_known():
    """All but the black that stays black."""
    left = {name for name, colour in COLOURS.items() if colour.lower() not in inline_svg.COLOURS}
    assert left == {"dark"}


def test_our_drawings_have_no_other_colours(root):
    for path in (root / "book/_static").glob("*.svg"):
        if path.stem != "logo":  # which has its own ground
            found = set(re.findall(r"#[0-9a-fA-F]{6}\b", path.read_text().lower()))
            assert found <= set(inline_svg.COLOURS), path.name


def test_frames_of_a_slider():
    slider = Frames(lambda f, v: f.add_subplot().plot([0, v]), [1, 2], [1, 2], label="a", alts=["x", "y"], uid="f")
    context = {"body": f"<p>before</p>{slider._repr_html_()}<svg></svg>"}
    inline_svg.inline_frames(None, "page", "page.html", context, None)
    page = BeautifulSoup(context["body"], "html.parser")
    assert [svg["id"] for svg in page.select(".frame > svg.drawing")] == ["frame-1", "frame-2"]
    assert all(svg["aria-hidden"] == "true" for svg in page.select(".frame > svg"))
    ids = [tag["id"] for tag in page.select("svg [id]")]
    assert len(ids) == len(set(ids)) > 10


def test_a_drawing_without_a_viewbox():
    with pytest.raises(ExtensionError, match="d has no viewBox"):
        inline_svg.inline("<svg width='1'></svg>", name="d", alt="x")
