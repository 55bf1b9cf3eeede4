"""Sphinx builder ``colab``: each notebook page as a notebook of plain Markdown and code without outputs."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import colab_first_cell
import nbformat
import repository
from colab_markdown import ColabTranslator, NoForm, fold
from docutils import nodes
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from pybtex.plugin import find_plugin
from sphinx.builders import Builder
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx_exercise.nodes import exercise_enumerable_node, exercise_node, solution_node

Block = tuple[nodes.Element, solution_node | None]  # and the solution that it is in
HIDDEN = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
METADATA = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "language_info": {"name": "python"},
}


def pages(env: BuildEnvironment) -> dict[str, str]:
    """Give the copy's file name, below the folder of the copies, for each page that is a notebook."""
    notebooks = sorted(page for page in env.found_docs if env.doc2path(page).endswith(".ipynb"))
    return {page: f"{page.removeprefix('book/')}.ipynb" for page in notebooks}


def blocks(node: nodes.Element, solution: solution_node | None = None) -> Iterator[tuple[int, *Block]]:
    """Yield the blocks of a page, each after the index of its cell."""
    for child in node.children:
        if isinstance(child, solution_node):
            yield from blocks(child, child)
        elif isinstance(child, (nodes.section, exercise_node, exercise_enumerable_node)):
            yield from blocks(child, solution)
        elif child.get("nb_element") == "cell_code":
            yield child["cell_index"], child, solution
        elif isinstance(node, nodes.document) and isinstance(child, nodes.raw):
            pass  # scripts of sphinx-thebe
        elif not (isinstance(node, solution_node) and isinstance(child, nodes.title)):
            line = next((part.line for part in (*child.findall(), node) if part.line), 0)
            yield line // 10_000 - 1, child, solution  # so MyST-NB numbers the lines of cells


def form(cell: NotebookNode, title: str) -> NotebookNode:
    """Show only the title of a code cell: a form in Colab, hidden input in Jupyter."""
    cell.source = f"#@title {title}\n{cell.source}"
    cell.metadata = {"cellView": "form", "jupyter": {"source_hidden": True}}
    return cell


def code_cells(cell: NotebookNode, part: list[Block], translator: ColabTranslator) -> list[NotebookNode]:
    """Copy a code cell, with the caption of its figure below; what the page hides or folds becomes a form."""
    new, solution = new_code_cell(cell.source, id=cell.id), part[0][1] if part else None
    if solution:
        form(new, " ".join(solution[0].astext().split()))
    elif HIDDEN & set(cell.metadata.get("tags", [])):
        comment = re.match(r"# *(.+)\n", cell.source)
        new.source = cell.source[comment.end() :] if comment else cell.source
        form(new, comment[1] if comment else "Code of the figure" if "mystnb" in cell.metadata else "Code")
    figures = [figure for node, _ in part for figure in node.findall(nodes.figure)]
    return [new, *(new_markdown_cell(translator.markdown(figures), id=f"{cell.id[:50]}-caption") for _ in figures[:1])]


def markdown_cells(cell: NotebookNode, part: list[Block], translator: ColabTranslator) -> list[NotebookNode]:
    """Translate the blocks of a Markdown cell; what it has of a solution is folded."""
    texts = []
    for solution, group in itertools.groupby(part, key=lambda block: block[1]):
        text = translator.markdown(node for node, _ in group)
        if text and solution:
            more = " (continued)" if solution.get("begun") else ""
            text = fold(translator.markdown(solution[0].children) + more, text)
            solution["begun"] = True
        texts.append(text)
    text = "\n\n".join(text for text in texts if text)
    return [new_markdown_cell(text, id=cell.id)] if text else []


class OnlyCaptions(SphinxPostTransform):
    """Drops the outputs, of which a copy has none, but for the captions of figures."""

    default_priority = 3  # before MyST-NB chooses among the types of an output
    formats = ("colab",)

    def run(self, **kwargs: object) -> None:
        """Leave the captions in each output."""
        for node in self.document.findall(nodes.container):
            if node.get("nb_element") == "cell_code_output":
                node.children = list(node.findall(nodes.figure))
                for figure in node.children:
                    figure.children = [part for part in figure if isinstance(part, (nodes.caption, nodes.legend))]


class ColabBuilder(Builder):
    """Writes the copies; those that would not change are left alone, others removed."""

    name = format = "colab"
    epilog = "The Colab copies are in %(outdir)s."

    def init(self) -> None:
        """Find the address below which the book is published."""
        self.book_url = repository.book_url(Path(self.srcdir))

    def get_outdated_docs(self) -> str:
        """Make all copies each time: each hangs on the numbers and titles of all pages."""
        return "all Colab copies"

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        """Give the address of a page below that of the published book."""
        return f"{docname}.html"

    def get_relative_uri(self, from_: str, to: str, typ: str | None = None) -> str:
        """Give the same, but nothing within a page."""
        return "" if from_ == to else self.get_target_uri(to)

    def write(self, *ignored: object) -> None:
        """Write the copies of all pages that are notebooks."""
        out = Path(self.outdir)
        written = {out / name: nbformat.writes(self.copy(page)) + "\n" for page, name in pages(self.env).items()}
        for path in set(out.rglob("*.ipynb")) - set(written):
            path.unlink()
        for path, text in written.items():
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            logging.getLogger(__name__).info("%s", path)

    def copy(self, page: str) -> NotebookNode:
        """Derive the copy of a page.

        Raises:
            ExtensionError: the page has something that has no form in Colab.
        """
        source = nbformat.read(self.env.doc2path(page), as_version=4)
        if not source.cells or "setup" not in source.cells[0].metadata.get("tags", []):
            raise ExtensionError(f'{page}: the first cell is not tagged "setup"')
        first = colab_first_cell.source(source.metadata.get("convattn", {}).get("requires", []))
        self.docname, self.fignumbers = page, self.env.toc_fignumbers.get(page, {})
        doctree = self.env.get_and_resolve_doctree(page, self)
        translator, parts = ColabTranslator(doctree, self), defaultdict(list)
        for index, node, solution in blocks(doctree):
            parts[index].append((node, solution))
            cell_type = source.cells[index].cell_type if 0 < index < len(source.cells) else None
            if cell_type != ("code" if node.get("nb_element") == "cell_code" else "markdown"):
                raise ExtensionError(f"{page}: {' '.join(node.astext().split())[:60]!r} is not from one of its cells")
        cells = [form(new_code_cell(first, id="setup"), "Setup: installs convattn (no download)")]
        for index, cell in enumerate(source.cells[1:], start=1):
            try:
                convert = code_cells if cell.cell_type == "code" else markdown_cells
                cells += convert(cell, parts[index], translator)
            except NoForm as error:
                raise ExtensionError(f"{page}, cell {index + 1} ({cell.id}): {error}") from error
        if works := self.works(page, translator):
            cells.append(new_markdown_cell(f"## References\n\n{works}", id="references"))
        notebook = new_notebook(cells=cells, metadata=METADATA)
        nbformat.validate(notebook)
        return notebook

    def works(self, page: str, translator: ColabTranslator) -> str:
        """List the works that a page cites."""
        domain, backend = self.env.domains["cite"], find_plugin("pybtex.backends", "docutils")()
        cited = {target.key for ref in domain.citation_refs if ref.docname == page for target in ref.targets}
        entries = {work.key: work.formatted_entry for work in domain.citations if work.key in cited}
        return "\n".join(f"- {translator.markdown([backend.paragraph(entry)])}" for entry in entries.values())
