"""Run notebooks and store their outputs: ``python tools/execute.py book/*.ipynb``, used by ``make execute``.

Nothing that differs from run to run is stored: no timestamps, and a cell whose output is not compared (tag
``nbval-ignore-output``) keeps the stored one, unless the environment variable REFRESH is set. Nor is a notebook stored
in which a cell lost a kind of output that it had, a figure for instance, unless REFRESH is set. The kernels see neither
the user's matplotlib backend nor his IPython settings, and have the package of this clone.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import ValidationError
from nbformat.reader import NotJSONError

NOT_COMPARED = "nbval-ignore-output"


class Lost(Exception):
    """A cell gives less than it did.

    Args:
        cell: The cell.
        kinds: What it does not give any more.
    """

    def __init__(self, cell: nbformat.NotebookNode, kinds: set[str]) -> None:
        lines = cell.source.splitlines()
        super().__init__(
            f"the cell {cell.id} ({lines[0]} ...) no longer gives {', '.join(sorted(kinds))}; "
            "REFRESH=1 stores it all the same"
        )


def kinds(outputs: list[nbformat.NotebookNode]) -> set[str]:
    """Return what a cell gives: types of data, and names of streams."""
    return {kind for o in outputs for kind in o.get("data", {o.get("name", o.output_type): None})}


def execute(path: Path, *, refresh: bool = False) -> int:
    """Run the notebook at ``path`` and store its outputs there, all or nothing.

    Args:
        path: A notebook; it runs in its own folder.
        refresh: Whether to replace also the outputs that are not compared.

    Returns:
        How many cells kept their stored output.

    Raises:
        Lost: If a cell lost a kind of output that it had, unless ``refresh``.
    """
    notebook = nbformat.read(path, as_version=4)
    stored = {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code" and cell.outputs}
    NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        extra_arguments=["--log-level=40"],  # no warning about the way to talk to this kernel
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    kept = 0
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if NOT_COMPARED in cell.metadata.get("tags", []) and cell.id in stored and not refresh:
            cell.outputs = stored[cell.id]
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = cell.execution_count
            kept += 1
        elif cell.id in stored and not refresh and (lost := kinds(stored[cell.id]) - kinds(cell.outputs)):
            raise Lost(cell, lost)
    notebook.metadata.language_info = {"name": "python"}
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".execute-") as folder:
        new = Path(folder, path.name)
        nbformat.write(notebook, new)
        new.replace(path)
    return kept


def main(names: list[str]) -> int:
    """Run the notebooks ``names``; return 1 at the first that fails, which is left as it was."""
    if not names:
        print("usage: python tools/execute.py NOTEBOOK ...", file=sys.stderr)
        return 2
    start = time.monotonic()
    before = dict(os.environ)
    os.environ.pop("MPLBACKEND", None)
    with tempfile.TemporaryDirectory(prefix="ipython-") as folder:
        os.environ |= {"IPYTHONDIR": folder, "PYTHONPATH": str(Path(__file__).parents[1] / "src")}
        try:
            return run(names, start)
        finally:
            os.environ.clear()
            os.environ.update(before)


def run(names: list[str], start: float) -> int:
    """Do the work of ``main``."""
    for name in names:
        print(f"Running {name} ...", flush=True)
        try:
            kept = execute(Path(name), refresh=bool(os.environ.get("REFRESH")))
        except (CellExecutionError, Lost) as error:
            what = "a cell failed:\n" if isinstance(error, CellExecutionError) else ""
            print(f"{name} is unchanged, {what}{error}", file=sys.stderr)
            return 1
        except (DeadKernelError, CellTimeoutError, OSError, ValidationError, NotJSONError, KeyboardInterrupt) as error:
            print(f"{name} is unchanged: {type(error).__name__}: {str(error).strip()[:300]}", file=sys.stderr)
            return 130 if isinstance(error, KeyboardInterrupt) else 1
        if kept:
            print(f"  {kept} cell(s) whose output is not compared kept the stored one (REFRESH=1 replaces it)")
    print(f"Stored the outputs of {len(names)} notebook(s) in {time.monotonic() - start:.0f} s: {' '.join(names)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
