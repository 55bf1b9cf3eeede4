"""tools/colab.py: the Colab copies say what the chapters say, in plain Markdown, and carry the package as it is.

That the copies run is checked by tools/check_colab.py, in an environment like Colab's.
"""

import base64
import io
import re
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import colab
import colab_sample
import colab_setup
import myst_syntax
import nbformat
import pytest
from markdown_it import MarkdownIt
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

URL = "https://someone.github.io/a-book/book"


def text(notebook, cell_id):
    return next(cell.source for cell in notebook.cells if cell.id == cell_id)


def convert(folder, *cells, url=URL):
    """Copy of a chapter with these cells; the pages of the sample are beside it."""
    path = folder / "02-other.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("", metadata={"tags": ["setup"]}), *cells]), path)
    return colab.copy(path, colab.survey(folder, url))


@pytest.fixture
def pages(tmp_path):
    return colab_sample.write(tmp_path)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    pages = colab_sample.write(tmp_path_factory.mktemp("sample"))
    return colab.copy(pages / "01-sample.ipynb", colab.survey(pages, URL))


@pytest.fixture
def prose(copy):
    return text(copy, "text")


def test_nothing_is_left_of_myst_outputs_and_tags(copy):
    for cell in copy.cells:
        assert set(cell.metadata) <= {"cellView", "jupyter"}
        if cell.cell_type == "markdown":
            assert myst_syntax.leftovers(cell.source) == []
        else:
            assert (cell.outputs, cell.execution_count) == ([], None)
    kept = "setup text use draw draw-caption exercise solved more references"
    assert " ".join(c.id for c in copy.cells) == kept


@pytest.mark.parametrize(
    "raw", ["{cite:t}`a`", "```{note}\na\n```", ":::{tip}\n:::", "(a)=\n# A", "$$ x $$ (eq-a)", "% c", "+++"]
)
def test_leftovers_are_found(raw):
    assert myst_syntax.leftovers("Text\n\n" + raw)
    assert myst_syntax.leftovers("Text, `{cite:t}` and $x$\n\n$$ x $$") == []


def test_citations(prose):
    assert "\nHu et al. (2019) and (Woo and Müller, 2018; Wightman, 2019); see" in prose


def test_list_of_works_cited(copy):
    assert text(copy, "references") == (
        "## References\n\n"
        "- Jie Hu, Li Shen, and Gang Sun. Squeeze. *A Journal*, 2019.\n"
        "- Ross Wightman. Image models. 2019. URL: [https://example.org/timm](https://example.org/timm).\n"
        "- Sanghyun Woo and Max Müller. CBAM. *B*, 2018."
    )


def test_references_and_roles(prose):
    there = f"{URL}/notation.html"
    for line in (
        "see (1), Figure 1,",
        f"\nDrawing 2, Gates for channels, [there]({there}), (1) of [Notation]({there}),\n",
        f"\nthe figure of [Notation]({there}), gate, [Notation]({there}) and `convattn.CBAM`,\n",
        "\n`relu`, $a_b$, SE (squeeze and excitation), x<sup>2</sup>, Exercise 1.",
        "A literal ``{cite:t}`hu2019se` `` stays, as does `{eq}`.",
    ):
        assert line in prose


def test_links(prose):
    there = f"{URL}/notation.html"
    assert f"[notation]({there}), [its map]({there}#notation-map), [Notation]({there}),\n**bold gate**,\n" in prose
    assert f"[out](https://example.org/a_b), [Feature map]({there}#notation-map), ![a plane](data:image/png;" in prose


def test_links_are_plain_text_without_an_address(pages):
    prose = text(colab.copy(pages / "01-sample.ipynb", colab.survey(pages, None)), "text")
    assert (
        "\nLinks: notation, its map, Notation,\n**bold gate**,\n[out](https://example.org/a_b), Feature map, !["
        in prose
    )
    assert "there, (1) of Notation,\nthe figure of Notation, gate, Notation and" in prose


def test_equations_have_numbers(prose):
    assert "\n$$s = \\sigma(z) \\tag{1}$$\n" in prose
    assert "\n$$\\begin{aligned} a &= b \\end{aligned}$$\n\n| work a" in prose
    assert "\n> $$y = 1 \\tag{2}$$\n" in prose
    assert "\n$$z \\tag{3}$$\n" in prose


def test_tables_and_code_stay(prose):
    assert "| work a | where |\n|------|-------|\n| Hu et al. (2019) | (1) and (1) |\n| plain | $a$ |\n" in prose
    assert '```python\nprint("{cite:t}`hu2019se` in code")\n```' in prose
    assert "````python\nx = 1\n````" in prose


def test_admonitions_become_quotes_and_dropdowns_fold(prose):
    assert "\n> **Note**\n>\n> A note with (Hu et al., 2019), $a + b$ (1) and\n>\n> $$y" in prose
    assert "\n> <details>\n> <summary>Tip</summary>\n>\n> Inside, (2).\n>\n> </details>\n" in prose
    assert "\n> **What $r$ means**\n>\n> - one\n>\n>   > **Warning**\n>   >\n>   > Careful\n>   > with lists\n" in prose
    assert "\n> - two with a role that goes over two lines, in a list\n" in prose
    assert "\n> quoted gate\n>\n> <details>\n> <summary>A <em>hint</em> &amp; more</summary>\n>\n> hidden\n" in prose


def test_quotes_and_folds_are_what_markdown_reads(prose):
    """CommonMark itself sees a list inside a quote inside a list, and Markdown inside the folded parts."""
    markup = MarkdownIt("commonmark").render(prose)
    assert re.search(
        r"<blockquote>\s*<p><strong>What \$r\$ means</strong></p>\s*<ul>\s*<li>\s*<p>one</p>\s*<blockquote>", markup
    )
    assert re.search(r"<summary>Tip</summary>\s*<p>Inside, \(2\)\.</p>\s*</details>\s*</blockquote>", markup)
    assert markup.count("<details>") == markup.count("</details>") == 2


def test_drawing_becomes_its_png_twin(prose, pages):
    twin = base64.b64encode((pages / "_static/block.png").read_bytes()).decode()
    image = f"![A block \\[with a gate\\]](data:image/png;base64,{twin})"
    assert prose.endswith(f"\n\n{image}\n\n**Figure 1.** The block, after Hu et al. (2019).")


def test_figure_of_a_cell_has_its_caption_below(copy):
    assert text(copy, "draw-caption") == "**Figure 2.** Seen in (1)."


def test_exercises_and_solutions(copy):
    assert text(copy, "exercise") == (
        "## Exercises\n\n### Exercise 1: Count\n\nHow many, by (3)?\n\n"
        "<details>\n<summary>Hint</summary>\n\nMultiply.\n\n</details>\n\n"
        "<details>\n<summary>Solution to exercise 1</summary>\n\nIt is *this*:\n\n</details>"
    )
    assert text(copy, "more") == (
        "<details>\n<summary>Solution to exercise 1 (continued)</summary>\n\nAnd more.\n\n</details>"
    )


def test_hidden_code_shows_a_title(copy):
    hidden = {cell.id: cell for cell in copy.cells if cell.metadata}
    assert [(key, cell.source.partition("\n")[0]) for key, cell in hidden.items()] == [
        ("setup", "#@title Setup: installs convattn (no download)"),
        ("draw", "#@title A straight line"),
        ("solved", "#@title Solution to exercise 1"),
    ]
    assert all(c.metadata == {"cellView": "form", "jupyter": {"source_hidden": True}} for c in hidden.values())
    assert hidden["solved"].source == "#@title Solution to exercise 1\nassert 1 + 1 == 2"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("```{mermaid}\na\n```", "directive {mermaid}"),
        ("````{note}\n```{mermaid}\n```\n````", "directive {mermaid}"),
        ("An {icon}`star`", "role {icon}"),
        ("{cite:t}`nobody`", "'nobody', which is not in the bibliography"),
        ("{eq}`eq-none`", "unknown label 'eq-none'"),
        ("[x](nowhere.md)", "'nowhere.md', which is no page"),
        ("![x](_static/none.svg)", "no file none.png"),
        ("Term\n: its definition", "dl_open"),
        ("A note[^1]\n\n[^1]: below", "footnote"),
        ("{{ substitution }}", "substitution"),
        ("```{note}\n---\nclass: tip\n---\n```", "a YAML block"),
    ],
)
def test_what_has_no_form_is_an_error_that_names_its_place(pages, wrong, message):
    with pytest.raises(colab.ConversionError) as error:
        convert(pages, new_markdown_cell("Good."), new_markdown_cell(wrong, id="bad"))
    assert message in str(error.value)
    assert str(error.value).startswith("02-other.ipynb, cell 3 (bad): ")


def test_chapter_must_begin_with_the_setup_cell(pages):
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Title")]), pages / "03-bare.ipynb")
    with pytest.raises(colab.ConversionError, match=r'03-bare\.ipynb: the first cell is not tagged "setup"'):
        colab.copy(pages / "03-bare.ipynb", colab.survey(pages, URL))


def test_copies_are_written_once_and_old_ones_removed(pages, tmp_path, monkeypatch):
    monkeypatch.setenv("BOOK_URL", "https://books.example/x/")
    out = tmp_path / "out"
    [path] = colab.write_copies(pages, out)
    assert path == out / "01-sample.ipynb"
    before = (path.stat().st_mtime_ns, path.read_bytes())
    assert b"https://books.example/x/book/notation.html" in before[1]
    (out / "02-gone.ipynb").write_text("{}")
    colab.write_copies(pages, out)
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before
    assert list(out.iterdir()) == [path]


def wheel(cell):
    return zipfile.ZipFile(io.BytesIO(base64.b64decode(re.search(r'wheel="""(.*)"""', cell.source, re.DOTALL)[1])))


def test_first_cell_carries_exactly_this_package():
    package = colab.ROOT / "src/convattn"
    cell = colab.setup_cell([])
    archive = wheel(cell)
    files = {
        p.relative_to(package.parent).as_posix(): p for p in package.rglob("*") if p.is_file() and p.suffix != ".pyc"
    }
    assert {name for name in archive.namelist() if ".dist-info/" not in name} == set(files)
    assert all(archive.read(name) == path.read_bytes() for name, path in files.items())
    assert f'expected="{colab_setup.digest(package)}"' in cell.source
    assert max(map(len, cell.source.splitlines())) <= 120
    assert len(cell.source) < 1_400_000


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


def test_large_wheel_is_refused(monkeypatch):
    monkeypatch.setattr(colab, "LIMIT", 1000)
    with pytest.raises(colab.ConversionError, match=r"a copy may carry 1,000: keep large files out of src/"):
        colab.setup_cell([])


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


def test_setup_cell_compiles_where_ipython_is_old_and_names_what_is_missing():
    source = colab.setup_cell(["a-package"]).source
    compile(source, "cell", "exec")
    assert "    requires=['a-package'],\n" in source


def test_chapters_of_the_book_convert(tmp_path):
    folder = colab.ROOT / "book"
    copies = colab.write_copies(folder, tmp_path)
    assert [path.name for path in copies] == [path.name for path in colab.chapters(folder)]
    for path in copies:
        for cell in nbformat.read(path, as_version=4).cells:
            assert cell.cell_type == "code" or myst_syntax.leftovers(cell.source) == []
