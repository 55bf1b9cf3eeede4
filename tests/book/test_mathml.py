"""Formulas of the pages: each is MathML, the font has what they show, and a faulty one stops the build."""

import base64
import io
import re
import unicodedata
from importlib.metadata import distribution

import math_font
import mathml
import pytest
import small_book
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont

# The number of formulas of each page is counted by hand.
PAGES = {
    "index.md": "# A book\n\nWords alone, and code: `$x$`.\n\n```{tableofcontents}\n```\n",
    "lines.md": r"""# Lines

The gate $s_c$, of $C$ channels ($\hat{y}'$), is $\operatorname{softmax}(\boldsymbol{x})$-like; $\sqrt{n}$ is
**75** % or 3 × 3, `4 × 4` and `convattn.lab.experiments.pools`.

See {eq}`eq-sum`.
""",
    "displays.md": r"""# Displays

$$
z_c = \Bigl(\frac{1}{HW} \sum_{i,j} x_{cij}\Bigr)^{1/2}
$$ (eq-sum)

$$
\underbrace{a + b}_{\text{two words}} = \tfrac12 \\
c = \begin{pmatrix} 1 & 2 \\[1ex] 3 & 4 \end{pmatrix}
$$

\begin{align}
a &= b \\
c &= \begin{cases} 1 & \text{if } x > 0 \\ 0 & \text{else} \end{cases}
\end{align}

\begin{gather*}
a \otimes b
\end{gather*}
""",
}
FORMULAS = {"index": 0, "lines": 5, "displays": 4}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return small_book.built(tmp_path_factory.mktemp("book"), PAGES)


@pytest.fixture(scope="module")
def pages(site):
    return {path.stem: BeautifulSoup(path.read_text(), "html.parser") for path in site.glob("book/*.html")}


@pytest.fixture(scope="module")
def font(site):
    """The font as a browser reads it from the style sheet."""
    data = re.search("base64,([^\"']+)", (site / math_font.FILE).read_text())[1]
    return TTFont(io.BytesIO(base64.b64decode(data)))


def test_each_formula_is_mathml(pages):
    for name, number in FORMULAS.items():
        math = pages[name].select(".math")
        assert len(math) == number, name
        assert [len(formula.select("math")) for formula in math] == [1] * number, name
        assert not pages[name].select("merror, .math script"), name
        assert not re.search(r"\\\w", " ".join(formula.get_text() for formula in math)), "left as TeX"


def test_what_touches_a_formula_stays_with_it(pages):
    first = pages["lines"].select_one("article section p")
    joined = [span.get_text().replace("\N{FUNCTION APPLICATION}", "") for span in first.select(".nobr")]
    assert joined == ["sc,", "(yˆ′),", "softmax(𝒙)-like;"]
    assert "75\N{NO-BREAK SPACE}%" in first.get_text()
    assert "3\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}3" in first.get_text()
    code, name = first.select("code")
    assert code.get_text() == "4 × 4"
    assert len(name.select("wbr")) == 3


def test_displays(pages):
    numbered, lines, amsmath, unnumbered = pages["displays"].select("div.math")
    assert numbered["id"] == "equation-eq-sum"
    assert numbered.select_one(".eqno a.headerlink")["href"] == "#equation-eq-sum"
    (link,) = pages["lines"].select('a[href$="#equation-eq-sum"]')
    assert link.get_text() in numbered.select_one(".eqno").get_text()
    assert amsmath.select_one(".eqno")
    assert "(2)" not in amsmath.math.get_text(), "Sphinx numbers, not the formula"
    assert not lines.select(".eqno")
    assert not unnumbered.select(".eqno")
    assert [len(formula.select("math > mtable > mtr")) for formula in (lines, amsmath)] == [2, 2]
    assert "1ex" not in lines.get_text()
    for formula in (numbered, lines, amsmath, unnumbered):
        assert formula.math["display"] == "block"
        assert formula.math.parent["tabindex"] == "0", "it may scroll, so the keyboard must reach it"


def test_a_large_bracket_with_an_exponent_stands_in_a_row(pages):
    brackets = pages["displays"].select("mo[minsize]")
    assert [bracket.get_text() for bracket in brackets] == ["(", ")"]
    assert [brackets[1].parent.name, brackets[1].parent.parent.name] == ["mrow", "msup"]


def test_pages_with_formulas_alone_load_the_font(site, pages):
    for name, number in FORMULAS.items():
        links = [link["href"] for link in pages[name].select("link[rel=stylesheet]")]
        assert (f"../{math_font.FILE}" in links) == (number > 0), name
        assert not re.search("mathjax", "".join(map(str, pages[name].select("script"))), re.IGNORECASE), name
    assert not [path for path in site.rglob("*") if "mathjax" in path.name.lower()]


def test_the_font_has_what_the_formulas_show(pages, font):
    shown = set("".join(formula.get_text() for page in pages.values() for formula in page.select("math")))
    shown = {character for character in shown if not character.isspace() and unicodedata.category(character) != "Cf"}
    assert {"∑", "⊗", "′", "𝒙"} <= shown
    assert shown <= {chr(code) for code in font.getBestCmap()}
    assert {ord("√"), ord("𝑥"), ord("ℎ")} & set(font.getBestCmap()) == {ord("√"), ord("𝑥")}, "no h is shown"
    assert len(font.getGlyphOrder()) < 250, "cut to what is shown"


def test_the_font_has_the_table_of_measures_and_the_larger_forms(font):
    table = font["MATH"].table
    vertical = dict(
        zip(table.MathVariants.VertGlyphCoverage.glyphs, table.MathVariants.VertGlyphConstruction, strict=True)
    )
    names = font.getBestCmap()
    for character, taller in {"(": 3, "√": 2, "∑": 1, "{": 3}.items():
        forms = vertical[names[ord(character)]]
        assert len(forms.MathGlyphVariantRecord) > taller, character
        widths = [font["hmtx"][form.VariantGlyph][0] for form in forms.MathGlyphVariantRecord]
        if character != "∑":
            assert forms.GlyphAssembly.PartRecords, "any height is made of parts"
            assert max(widths) <= math_font.WIDEST * widths[0] + 1, "Chromium leaves the width of the widest"
    assert names[ord("⏟")] in table.MathVariants.HorizGlyphCoverage.glyphs
    assert table.MathConstants.AxisHeight.Value == 258, "of STIX Two Math, in 1/1000 em"
    for name, value in math_font.MEASURES.items():
        assert getattr(table.MathConstants, name).Value == value
    licence = font["name"].getDebugName(13)
    assert "SIL Open Font License" in licence


def test_primes_are_drawn_as_exponents(font):
    source = TTFont(str(distribution("ziamath").locate_file("ziamath/fonts/STIXTwoMath-Regular.ttf")))
    drawn = font["glyf"][font.getBestCmap()[ord("′")]]
    assert drawn.coordinates == source["glyf"]["minute.ssty"].coordinates
    assert drawn.coordinates != source["glyf"]["minute"].coordinates


def test_characters():
    page = "<p>word</p><math><mi>h</mi><mi>log</mi><mo>&lt;</mo><mi>ε</mi><mi>ϵ</mi></math> or <math><msqrt/></math>"
    assert math_font.characters(page) == set("hlog<εϵ√ℎ𝜀𝜖")


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"a = b", r"a = b"),
        (r"a \\ b", r"\begin{aligned}a \\ b\end{aligned}"),
        ("a\n\nb", r"\begin{aligned}a \\ b\end{aligned}"),
        (r"\begin{a}\begin{b} \\ \end{b} \\ \end{a}", r"\begin{a}\begin{b} \\ \end{b} \\ \end{a}"),
    ],
)
def test_lines(tex, expected):
    assert mathml.lines(tex) == expected


@pytest.mark.parametrize("tex", [r"\nosuchcommand", r"\frac{a", r"a \over b \over c"])
def test_a_faulty_formula_stops_the_build(tmp_path, tex):
    text = f"# Lines\n\nWords.\n\n- Here is ${tex}$, in a line.\n"
    done = small_book.build(tmp_path, PAGES | {"lines.md": text, "displays.md": "# Displays\n"})
    assert done.returncode != 0
    (warning,) = [line for line in done.stderr.splitlines() if "WARNING" in line]
    assert "book/lines.md:5" in warning, "the page and its line"
    assert f"no MathML for the formula {tex}" in warning
