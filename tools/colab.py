"""Derive the Colab copies of the chapters: ``python tools/colab.py`` writes _build/colab/NN-name.ipynb.

A copy is plain Markdown and code without outputs. Its first cell installs the package from a wheel that it carries, so
that it works where it is opened, without a download, and always matches its text.
"""

from __future__ import annotations

import base64
import os
import re
import sys
import tempfile
import textwrap
import zipfile
from pathlib import Path

import colab_setup
import nbformat
from citations import Bibliography
from flit_core.wheel import make_wheel_in
from line_edits import NotFound
from myst_references import Book
from myst_syntax import MystError
from myst_to_markdown import Converter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).parents[1]
LIMIT = 1_000_000  # bytes of a wheel
HIDDEN = {"hide-input", "hide-cell", "remove-input", "remove-cell"}


class ConversionError(Exception):
    """A chapter that cannot be converted; names the notebook and the cell."""


def setup_cell(requires: list[str], root: Path = ROOT) -> NotebookNode:
    """Make the first cell of a copy: it installs the package of ``root`` and the packages of ``requires``.

    Raises:
        ConversionError: the wheel is too large.
    """
    with tempfile.TemporaryDirectory() as folder:
        before = os.environ.get("SOURCE_DATE_EPOCH")
        os.environ["SOURCE_DATE_EPOCH"] = "315532800"  # 1980: the same wheel from the same files
        try:
            path = make_wheel_in(root / "pyproject.toml", Path(folder)).file
        finally:
            del os.environ["SOURCE_DATE_EPOCH"]
            if before is not None:
                os.environ["SOURCE_DATE_EPOCH"] = before
        wheel, name = path.read_bytes(), path.name
        zipfile.ZipFile(path).extractall(folder)
        digest = colab_setup.digest(Path(folder, "convattn"))
    if len(wheel) > LIMIT:
        raise ConversionError(
            f"{name} has {len(wheel):,} bytes; a copy may carry {LIMIT:,}: keep large files out of src/"
        )
    blob = "\n".join(textwrap.wrap(base64.b64encode(wheel).decode(), 120))
    code = (ROOT / "tools/colab_setup.py").read_text(encoding="utf-8")
    call = f'setup("{name}",\n    expected="{digest}",\n    requires={requires!r},\n    wheel="""\n{blob}\n""")'
    return form(new_code_cell(f"{code}\n\n{call}", id="setup"), "Setup: installs convattn (no download)")


def form(cell: NotebookNode, title: str) -> NotebookNode:
    """Show only the title of a code cell: a form in Colab, hidden input in Jupyter."""
    cell.source = f"#@title {title}\n{cell.source}"
    cell.metadata = {"cellView": "form", "jupyter": {"source_hidden": True}}
    return cell


def code_cell(cell: NotebookNode, converter: Converter) -> list[NotebookNode]:
    """Convert a code cell, with the caption of its figure below it."""
    new = new_code_cell(cell.source, id=cell.id)
    figure = cell.metadata.get("mystnb", {}).get("figure", {})
    caption = converter.caption(figure.get("name"), figure.get("caption", "")) if figure else ""
    if converter.solution:
        form(new, converter.solution)
    elif HIDDEN & set(cell.metadata.get("tags", [])):
        comment = re.match(r"# *(.+)\n", cell.source)
        new.source = cell.source[comment.end() :] if comment else cell.source
        form(new, comment[1] if comment else "Code of the figure" if "mystnb" in cell.metadata else "Code")
    return [new, *([new_markdown_cell(caption, id=f"{cell.id[:50]}-caption")] if caption else [])]


def cells(path: Path, converter: Converter) -> list[NotebookNode]:
    """Convert the cells of a page, in order; leaves out the setup cell and cells that become empty."""
    if path.suffix == ".md":
        converter.cell(path.read_text(encoding="utf-8"))
        return []
    new = []
    for number, cell in enumerate(nbformat.read(path, as_version=4).cells, start=1):
        try:
            if cell.cell_type == "markdown":
                new += [new_markdown_cell(converter.cell(cell.source), id=cell.id)]
            elif "setup" not in cell.metadata.get("tags", []):
                new += code_cell(cell, converter)
        except (MystError, NotFound) as error:
            raise ConversionError(f"{path.name}, cell {number} ({cell.id}): {error}") from error
    return [cell for cell in new if cell.source.strip()]


def copy(path: Path, book: Book) -> NotebookNode:
    """Derive the copy of a chapter.

    Raises:
        ConversionError: the chapter has something that has no form in Colab.
    """
    source = nbformat.read(path, as_version=4)
    if not source.cells or "setup" not in source.cells[0].metadata.get("tags", []):
        raise ConversionError(f'{path.name}: the first cell is not tagged "setup"')
    converter = Converter(book, path.stem)
    body = cells(path, converter)
    if converter.cited:
        body.append(
            new_markdown_cell("## References\n\n" + book.bibliography.references(converter.cited), id="references")
        )
    metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    requires = source.metadata.get("convattn", {}).get("requires", [])
    notebook = new_notebook(cells=[setup_cell(requires), *body], metadata=metadata)
    nbformat.validate(notebook)
    return notebook


def survey(folder: Path, url: str | None) -> Book:
    """Read all pages of a book, to know their titles, labels and numbers."""
    book = Book(folder, url, Bibliography(folder / "references.bib"))
    for path in sorted([*folder.glob("*.md"), *folder.glob("*.ipynb")]):
        cells(path, Converter(book, path.stem, strict=False))
    return book


def chapters(folder: Path) -> list[Path]:
    """List the chapters of a book."""
    return sorted(folder.glob("[0-9][0-9]-*.ipynb"))


def write_copies(folder: Path, out: Path) -> list[Path]:
    """Write the copies of all chapters; files that would not change are left alone, others removed.

    Args:
        folder: the pages of the book.
        out: where the copies go.
    """
    sys.path.insert(0, str(ROOT / "book/_ext"))
    import repository

    url = repository.book_url(folder)
    book = survey(folder, f"{url}/{folder.name}" if url else None)
    out.mkdir(parents=True, exist_ok=True)
    written = {out / path.name: nbformat.writes(copy(path, book)) + "\n" for path in chapters(folder)}
    for path in set(out.glob("*.ipynb")) - set(written):
        path.unlink()
    for path, text in written.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    return list(written)


if __name__ == "__main__":
    try:
        for file in write_copies(ROOT / "book", ROOT / "_build/colab"):
            print(file.relative_to(ROOT))
    except ConversionError as error:
        sys.exit(str(error))
