"""What the built pages ask for: own drawings in place of the theme's icon font, and nothing that they do not need."""

import re

import light_pages
import pytest
import small_book
from bs4 import BeautifulSoup
from sphinx.errors import ExtensionError

PAGES = {
    "index.md": "# A book\n\n```{tableofcontents}\n```\n\n```{important}\nWords.\n```\n",
    "formula.md": "# Formula\n\nHere is $x^2$.\n\n## Part\n\nWords.\n",
    "words.md": "# Words\n\n## Part\n\nThe word `<i class='fa-solid fa-sun'>` in code.\n",
}
TOC = "root: book/index\nchapters:\n- file: book/formula\n  sections:\n  - file: book/words\n"
BUTTONS = """html_theme_options:
      repository_url: https://github.com/someone/a-book
      use_repository_button: true
      use_issues_button: true
"""  # as colab_copies turns them on
FILES = {"formula": r"math-font\.css", "search": r"searchindex\.js"}  # who asks for it alone


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The HTML of three pages, built with the book's own configuration by a repository on GitHub."""
    folder = tmp_path_factory.mktemp("book")
    return small_book.built(
        folder, PAGES, toc=TOC, change=lambda config: config.replace("html_theme_options:\n", BUTTONS)
    )


@pytest.fixture(scope="module")
def pages(site):
    """The pages, parsed, by their names."""
    paths = [*site.glob("book/*.html"), site / "search.html"]
    return {path.stem: BeautifulSoup(path.read_text(), "html.parser") for path in paths}


def test_nothing_refers_to_the_icon_font(site):
    texts = [path for path in site.rglob("*") if path.suffix in {".html", ".css", ".js"}]
    assert len(texts) > 20
    font = re.compile("font[-_ ]?awesome", re.IGNORECASE)
    assert [path.name for path in texts if font.search(path.read_text(encoding="utf-8"))] == []
    assert not [path for path in site.rglob("*") if font.search(str(path.relative_to(site)))]


def test_every_icon_is_a_drawing(pages):
    drawn = set()
    for name, page in pages.items():
        assert not page.select('[class*="fa-"], .fa, .fas, .far, .fab'), name
        for icon in page.select(".book-icon"):
            assert icon.name == "svg"
            assert icon["aria-hidden"] == "true"
            drawn.add(icon.path["d"])
        modes = [icon["data-mode"] for icon in page.select(".theme-switch-button svg.theme-switch")]
        assert modes == ["light", "dark", "auto"], name
    unused = {name for name, path in light_pages.DRAWINGS.items() if path not in drawn}
    assert unused == {"play", "rocket"}  # colab_copies turns their buttons on


def test_drawings_of_other_buttons_and_an_icon_without_one():
    def drawn(html):
        return light_pages.ICON.sub(light_pages.drawing, html)

    rocket = drawn('<i class="fas fa-rocket"></i>')
    assert rocket.startswith('<svg class="book-icon"')
    assert light_pages.DRAWINGS["rocket"] in rocket
    with pytest.raises(ExtensionError, match="no drawing"):
        drawn('<i class="fa-solid fa-skull"></i>')


def test_files_that_no_page_asks_for_are_left_out(site):
    assert not [*site.rglob("*.map"), *site.rglob("*.ipynb")]
    assert not (site / "_sources").exists()
    for path in [*site.rglob("*.html"), *site.glob("_static/styles/*.css"), *site.glob("_static/scripts/*.js")]:
        assert not re.search(r"_sources/|sourceMappingURL", path.read_text(encoding="utf-8")), path.name


def test_what_pages_ask_for_is_there(site):
    asked = set()
    for page in (*site.glob("book/*.html"), site / "search.html"):
        html = BeautifulSoup(page.read_text(), "html.parser")
        tags = html.select("script[src], link[rel~=stylesheet], link[rel=preload]")
        links = [tag.get("src") or tag.get("href") for tag in tags]
        asked |= {(page.parent / link.split("?")[0]).resolve() for link in links}
    for sheet in [path for path in asked if path.suffix == ".css"]:
        wanted = re.findall(r'(?:@import |url\()["\']?(?!data:)([^"\')]+)', sheet.read_text(encoding="utf-8"))
        asked |= {(sheet.parent / path).resolve() for path in wanted}
    assert len(asked) > 20
    assert [str(path) for path in asked if not path.is_file()] == []


@pytest.mark.parametrize(("alone", "file"), FILES.items())
def test_files_are_loaded_where_they_are_used(pages, alone, file):
    tags = {name: page.select("script[src], link[rel=stylesheet]") for name, page in pages.items()}
    loaded = {name: [tag.get("src") or tag.get("href") for tag in tags[name]] for name in pages}
    assert [name for name, files in loaded.items() if any(re.search(file, path) for path in files)] == [alone]


def test_the_font_of_formulas_is_loaded_before_the_first_of_them(site):
    """Else the page shifts when it comes."""
    page = (site / "book/formula.html").read_text(encoding="utf-8")
    assert page.index("math-font.css") < page.index(light_pages.EARLY) < page.index("<body")
