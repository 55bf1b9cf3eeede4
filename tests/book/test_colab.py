"""The Colab copies say what the pages say, in plain Markdown and with the pages' numbers, and carry the package.

That the copies run is checked by tools/check_colab.py, in an environment like Colab's.
"""

import base64
import io
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from importlib.metadata import version
from pathlib import Path

import colab_first_cell
import colab_sample
import colab_setup
import fontpkg
import nbformat
import pytest
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont
from markdown_it import MarkdownIt
from nbformat.v4 import new_markdown_cell, new_notebook
from sphinx.errors import ExtensionError

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
URL = "https://books.example/x"
CONTENTS = "\n```{toctree}\nlab/01-sample\n```\n"


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    """Two copies of the sample as {id: cell}: of a book without an address, and with one."""
    folder = tmp_path_factory.mktemp("sample")
    colab_sample.write(folder)
    read = []
    with pytest.MonkeyPatch.context() as patch:
        for url in ("", URL):
            patch.setenv("BOOK_URL", url)
            path = colab_sample.build(folder) / "01-sample.ipynb"
            read.append({cell.id: cell for cell in nbformat.read(path, as_version=4).cells})
    return read


@pytest.fixture
def copy(copies):
    return copies[0]


@pytest.fixture
def prose(copy):
    return copy["text"].source


def test_cells(copy):
    assert " ".join(copy) == "setup text use draw draw-caption gone exercise solved more end references"
    assert all(set(cell.metadata) <= {"cellView", "jupyter"} for cell in copy.values())
    code = [cell for cell in copy.values() if cell.cell_type == "code"]
    assert all((cell.outputs, cell.execution_count) == ([], None) for cell in code)


@pytest.mark.parametrize(
    "text",
    [
        "# 1. Squeeze and *excitation*\n\n## 1.1. Gates for `x`\n\n",
        "\n\nHu *et al.* [2019] and [Wightman, 2019, Woo and Müller, 2018]; see (1.1), Fig. 1.1, ",
        " Fig. 1.1, Drawing 1.2, Gates for x, there (“Notation”), (2.1) (“Notation”), gate.\n\n",
        "\n\nLinks: chapter 2 “Notation”, “Notation”, *here*, [out](https://example.org/a_b).\n\n",
        "\n\nMarks: a_b, \\_c\\_, 2 \\* 3 \\* 4, \\$5 \\< 6, \\<b>, `` a`b ``, <sup>2</sup>, ",
        ", <sub>3</sub>, SE (squeeze), “quotes”, **bold $a_b * c_d$**, $a_b$.\n\n1\\. is no list.\n\n",
        "\n\n$$\\begin{aligned} s = \\sigma(z) \\\\ > t \\end{aligned} \\tag{1.1}$$\n\n",
        "\n\n$$\\begin{aligned} a &= b \\end{aligned}$$\n\n",
        "\n\n| work | $\\lvert x \\rvert$ | where |\n| --- | ---: | --- |\n",
        "\n| Hu *et al.* [2019] | 1.10 | (1.1), `a\\|b`, $\\vert x\\vert $ |\n\n",
        "\n\n> **Note**\n>\n> A note with $a + b$ and\n>\n> $$y = 1 \\tag{1.2}$$\n>\n> <details>\n",
        "\n> <summary>Tip</summary>\n>\n> Inside, (1.2).\n>\n> </details>\n\n",
        "\n\n> **What $r$ means**\n>\n> - one\n>   1. sub\n>\n>   > **Warning**\n>   >\n>   > In a list\n> - two\n\n",
        "\n\n> quoted\n\n<details>\n<summary>A <em>hint</em> &amp; <span ",
        '<span class="math inline">$r_1 &lt; r_2$</span></summary>\n\n- hidden\n\n</details>\n\n3. three\n4. four\n\n',
        '\n\n```python\nprint("{cite:t}`hu2019se` in code")\n```\n\n',
        ")\n\n**Fig. 1.1.** The block, after Hu *et al.* [2019].",
    ],
)  # fmt: skip
def test_markdown(prose, text):
    assert text in prose


def test_links_where_the_address_is_known(copies):
    there = f"{URL}/book/notation.html"
    for text in (
        f"Gates for x, [there]({there}#notation-map), [(2.1)]({there}#equation-eq-map), [gate]({there}#term-gate).",
        f"Links: [chapter 2]({there}), [Notation]({there}), *here*, [out](https://example.org/a_b).",
    ):
        assert text in copies[1]["text"].source


def test_folds_and_lists_are_what_markdown_reads(prose):
    """CommonMark itself sees a list inside a quote, a quote inside that, and Markdown inside the folded parts."""
    markup = MarkdownIt("commonmark").render(prose)
    assert re.search(r"<blockquote>\s*<p><strong>What \$r\$ means</strong></p>\s*<ul>\s*<li>\s*<p>one</p>", markup)
    assert re.search(r"<summary>Tip</summary>\s*<p>Inside, \(1\.2\)\.</p>\s*</details>\s*</blockquote>", markup)
    assert re.search(r"</summary>\s*<ul>\s*<li>hidden</li>\s*</ul>\s*</details>\s*<ol start=\"3\">", markup)


def test_drawing_becomes_png_of_twice_its_size(prose):
    data = base64.b64decode(re.search(r"!\[A block \\\[with a gate\\\]\]\(data:image/png;base64,(.+)\)", prose)[1])
    assert data.startswith(b"\x89PNG")
    assert struct.unpack(">II", data[16:24]) == (60, 40)


def test_figure_of_a_cell_has_its_caption_below(copy):
    assert copy["draw-caption"].source == "**Fig. 1.2.** Seen in (1.1)."


def test_exercise_and_solution_over_several_cells(copy):
    title = "Solution to Exercise 1.1 (Count)"
    assert copy["exercise"].source == (
        "## 1.2. Exercises\n\n### Exercise 1.1 (Count)\n\nHow many, by (1.1)?\n\n"
        f"<details>\n<summary>{title}</summary>\n\nIt is *this*:\n\n</details>"
    )
    assert copy["solved"].source == f"#@title {title}\nassert 1 + 1 == 2"
    assert copy["more"].source == f"<details>\n<summary>{title} (continued)</summary>\n\nAnd more.\n\n</details>"
    assert copy["end"].source == (
        "### Exercise 1.2\n\nAdd.\n\n<details>\n<summary>Solution to Exercise 1.2</summary>\n\nTwo.\n\n</details>"
    )


def test_hidden_code_shows_a_title(copy):
    forms = {key: cell.source.partition("\n")[0] for key, cell in copy.items() if cell.metadata}
    assert forms == {
        "setup": "#@title Setup: installs convattn (no download)",
        "draw": "#@title A straight line",
        "gone": "#@title Code",
        "solved": "#@title Solution to Exercise 1.1 (Count)",
    }
    shown = {"cellView": "form", "jupyter": {"source_hidden": True}}
    assert all(copy[key].metadata == shown for key in forms)


def test_list_of_works_cited(copy):
    assert copy["references"].source == (
        "## References\n\n"
        "- Jie Hu, Li\xa0Shen, and Gang Sun. Squeeze. *A Journal*, 2019.\n"
        "- Ross Wightman. Image_models. 2019. URL: [https://example.org/timm](https://example.org/timm).\n"
        "- Sanghyun Woo and Max Müller. CBAM. *B*, 2018."
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("A note[^1]\n\n[^1]: below", "footnote"),
        ("Term\n: its definition", "definition_list 'Term its definition' has no form"),
        ("````{note}\n```{glossary}\nTerm\n    its definition\n```\n````", "glossary"),
        ("::::{grid}\n:::{grid-item}\nA\n:::\n::::", "container 'A' has no form"),
        ("{download}`x <references.bib>`", "download_reference 'x' has no form"),
        ("```{list-table}\n* - no\n  - heads\n```", "is a table that Markdown has no form for"),
        ("![x](_static/x.gif)", "image 'x' book/_static/x.gif is not one of .png, .jpg, .jpeg, .svg"),
    ],
)
def test_what_has_no_form_is_an_error_that_names_its_place(tmp_path, wrong, message):
    cells = [*colab_sample.sample().cells[:1], new_markdown_cell("# A\n"), new_markdown_cell(wrong, id="b")]
    colab_sample.write(tmp_path, new_notebook(cells=cells))
    (tmp_path / "book/_static/x.gif").write_bytes(b"")
    (tmp_path / "book/notation.md").write_text("# Notation\n")
    with pytest.raises(ExtensionError) as error:
        colab_sample.build(tmp_path)
    assert message in str(error.value)
    assert str(error.value).startswith("book/01-sample, cell 3 (b): ")


def test_text_of_another_file_is_an_error_too(tmp_path):
    text = "# A\n\n```{include} other.txt\n```\n"
    colab_sample.write(tmp_path, new_notebook(cells=[*colab_sample.sample().cells[:1], new_markdown_cell(text)]))
    (tmp_path / "book/other.txt").write_text("From elsewhere.\n")
    (tmp_path / "book/notation.md").write_text("# Notation\n")
    with pytest.raises(ExtensionError, match=r"book/01-sample: 'From elsewhere\.' is not from one of its cells"):
        colab_sample.build(tmp_path)


def test_page_must_begin_with_the_setup_cell(tmp_path):
    colab_sample.write(tmp_path, new_notebook(cells=[new_markdown_cell("# Title")]))
    with pytest.raises(ExtensionError, match='book/01-sample: the first cell is not tagged "setup"'):
        colab_sample.build(tmp_path)


def test_copies_are_written_once_below_their_folder_and_old_ones_removed(tmp_path):
    colab_sample.write(tmp_path)
    (tmp_path / "book/lab").mkdir()
    nbformat.write(new_notebook(cells=[colab_sample.sample().cells[0]]), tmp_path / "book/lab/01-sample.ipynb")
    (tmp_path / "book/notation.md").write_text((tmp_path / "book/notation.md").read_text() + CONTENTS)
    out = colab_sample.build(tmp_path)
    copies = sorted(out.rglob("*.ipynb"))
    assert copies == [out / "01-sample.ipynb", out / "lab/01-sample.ipynb"]
    before = [(path.stat().st_mtime_ns, path.read_bytes()) for path in copies]
    (out / "lab/L1-gone.ipynb").write_text("{}")
    colab_sample.build(tmp_path)
    assert [(path.stat().st_mtime_ns, path.read_bytes()) for path in copies] == before
    assert sorted(out.rglob("*.ipynb")) == copies


def wheel(source):
    return zipfile.ZipFile(io.BytesIO(base64.b64decode(re.search(r'wheel="""(.*)"""', source, re.DOTALL)[1])))


def test_first_cell_carries_exactly_this_package():
    package, source = ROOT / "src/convattn", colab_first_cell.source(["a-package"])
    archive = wheel(source)
    files = {
        p.relative_to(package.parent).as_posix(): p for p in package.rglob("*") if p.is_file() and p.suffix != ".pyc"
    }
    assert {name for name in archive.namelist() if ".dist-info/" not in name} == set(files)
    assert all(archive.read(name) == path.read_bytes() for name, path in files.items())
    assert f'expected="{colab_setup.digest(package)}"' in source
    assert "    requires=['a-package'],\n" in source
    assert max(map(len, source.splitlines())) <= 120
    assert len(source) < 1_400_000
    compile(source, "cell", "exec")
    assert colab_first_cell.source(["a-package"]) == source


def test_large_wheel_is_refused(monkeypatch):
    monkeypatch.setattr(colab_first_cell, "LIMIT", 1000)
    with pytest.raises(ExtensionError, match="a copy may carry 1,000: less into src/"):
        colab_first_cell.source([])


def test_digest_sees_names_and_contents(tmp_path):
    (tmp_path / "a.py").write_text("x")
    (tmp_path / "a.pyc").write_text("compiled")
    first = colab_setup.digest(tmp_path)
    (tmp_path / "a.pyc").unlink()
    assert colab_setup.digest(tmp_path) == first
    (tmp_path / "a.py").write_text("y")
    second = colab_setup.digest(tmp_path)
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert len({first, second, colab_setup.digest(tmp_path)}) == 3


def test_packages_that_colab_lacks_are_installed_under_constraints(monkeypatch):
    calls = []

    def pip_install(*arguments):
        calls.append((arguments[0], Path(arguments[1]).read_text(), *arguments[2:]))

    monkeypatch.setattr(colab_setup, "pip_install", pip_install)
    monkeypatch.setattr(colab_setup, "is_installed", lambda expected: expected == "right")
    colab_setup.setup("c.whl", "right", ["PyTest"], "")
    assert calls == []
    colab_setup.setup("c.whl", "right", ["pytest", "no-such-package"], "")
    keep = f"torch=={version('torch')}\nnumpy=={version('numpy')}\n"
    assert calls == [("--constraint", keep, "no-such-package")]


def test_package_is_installed_only_if_its_contents_are_right(tmp_path, monkeypatch):
    package = tmp_path / "convattn"
    package.mkdir()
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "convattn", raising=False)
    right = colab_setup.digest(package)
    assert colab_setup.is_installed(right)
    (package / "cbam.py").write_text("")
    assert not colab_setup.is_installed(right)


def test_the_font_has_every_character_of_the_drawings():
    with TTFont(fontpkg.path("Inter")) as font:
        known = font.getBestCmap()
    drawn = {"".join(element.itertext()) for path in BOOK.rglob("*.svg") for element in ET.parse(path).iter("{*}text")}
    assert {letter for letter in "".join(drawn) if letter.isprintable() and ord(letter) not in known} == set()


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    """The whole book as it is published, its copies included."""
    folder = tmp_path_factory.mktemp("book")
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ROOT, "--path-output", folder, "-W", "-n"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "_build/html"


NUMBERS = {  # where the page has a number, and where its copy
    "equations": (".eqno", r"\\tag\{([\d.]+)\}"),
    "figures": ("figcaption .caption-number", r"^\*\*Fig\. ([\d.]+)\.\*\*"),
    "exercises": (".exercise .caption-number", r"^#+ Exercise ([\d.]+)"),
    "sections": (":is(h1, h2, h3) > .section-number", r"^#+ ([\d.]+)\. "),
}


@pytest.mark.parametrize("name", sorted(path.relative_to(BOOK).as_posix() for path in BOOK.rglob("*.ipynb")))
def test_numbers_of_the_copy_are_those_of_the_page(html, name):
    page = BeautifulSoup((html / "book" / name).with_suffix(".html").read_text(encoding="utf-8"), "html.parser")
    cells = nbformat.read(html / "colab" / name, as_version=4).cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    for kind, (selector, pattern) in NUMBERS.items():
        shown = [re.search(r"\d[\d.]*\d|\d", tag.get_text())[0] for tag in page.select(f"article {selector}")]
        copied = re.findall(pattern, prose, re.MULTILINE)
        print(f"{name}: {len(shown)} {kind}")
        assert copied == shown, kind
        assert shown or kind == "figures" or name.startswith(("00-", "playground", "lab/"))  # without a number
