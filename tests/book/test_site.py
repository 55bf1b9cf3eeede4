"""A small book built with the whole configuration: drawings, verdicts, folds, and what search engines are told."""

import nbformat
import pytest
import small_book
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from convattn.lab.show.table import VERDICTS

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><text fill="#000000">a</text></svg>'
INDEX = """\
# A book

What it is about, in a paragraph that is much longer than the hundred and fifty-five characters of which lists of
results show the beginning, and no more than that.

```{figure} _static/sam.svg
:alt: Boxes and arrows from left to right.

A drawing.
```

One says so. {verdict}`cannot tell` Another: {verdict}`wrong`
"""


def notebook():
    output = new_output("display_data", {"image/svg+xml": SVG, "text/plain": "<Figure size 9x9>"})
    code = new_code_cell("draw()", outputs=[output], execution_count=1)
    code.metadata = {"tags": ["hide-input"], "mystnb": {"image": {"alt": "The letter a."}}}
    cells = [new_markdown_cell("# Notebook\n\n**Question.** Why?"), code]
    return nbformat.writes(new_notebook(cells=cells, metadata={"language_info": {"name": "python"}}))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return small_book.built(tmp_path_factory.mktemp("book"), {"index.md": INDEX, "notebook.ipynb": notebook()})


def read(site, name):
    return BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser")


def test_drawings_are_in_the_page(site):
    index, notebook = read(site, "book/index.html"), read(site, "book/notebook.html")
    assert index.select_one("article figure > svg.drawing")["aria-label"] == "Boxes and arrows from left to right."
    drawn = notebook.select_one("article svg.drawing")
    assert drawn["aria-label"] == "The letter a."
    assert drawn.select_one("text")["fill"] == "var(--figure-ink)"
    assert not index.select("article img") + notebook.select("article img")
    assert not [*site.glob("_images/*.svg")]


def test_each_page_is_described(site):
    contents = {}
    for page in ("book/index.html", "book/notebook.html", "search.html"):
        (meta,) = read(site, page).select('meta[name="description"]')
        contents[page] = meta["content"]
    assert contents["book/index.html"].startswith("What it is about, in a paragraph")
    assert contents["book/index.html"].endswith("and no more …")
    assert len(contents["book/index.html"]) <= 157
    assert contents["book/notebook.html"] == "Why?"
    assert contents["search.html"].startswith("Search, of the book From SE to CBAM")


def test_a_verdict_is_a_badge(site):
    badges = read(site, "book/index.html").select("article .verdict")
    assert [(badge.get_text(), badge["class"][1]) for badge in badges] == [
        ("cannot tell", "verdict-open"),
        ("wrong", "verdict-wrong"),
    ]


def test_every_verdict_has_a_shape(root):
    assert len(VERDICTS) == 5
    sheet = (root / "book/_static/book.css").read_text()
    assert all(f".verdict-{name}::before" in sheet for name in VERDICTS.values())


def test_another_verdict_is_an_error(tmp_path):
    done = small_book.build(tmp_path, {"index.md": INDEX.replace("`wrong`", "`false`")})
    assert done.returncode != 0
    assert "verdict must be one of right, imprecise, wrong, no evidence found, cannot tell, got 'false'" in done.stderr


def test_folded_code_says_one_word(site):
    (fold,) = read(site, "book/notebook.html").select("details.hide")
    assert fold.summary.get_text() == "code"
    assert fold["class"] == ["hide", "above-input"]


def test_the_title_stands_once_on_the_first_page(site):
    page = read(site, "book/index.html")
    assert page.body.get_text().count("From SE to CBAM") == 0  # the heading of this small book is its own
    assert page.select_one(".navbar-brand").get_text().strip() == "convattn"
    assert (site / "_static/logo.svg").is_file()
    assert page.select_one('link[rel="icon"]')["href"].endswith("_static/logo.svg")
