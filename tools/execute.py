"""Run notebooks and store their outputs: ``python tools/execute.py book/*.ipynb``, used by ``make execute``.

Nothing that differs from run to run is stored: no timestamps, and a cell whose output is not compared (tag
``nbval-ignore-output``) keeps the stored one, unless the environment variable REFRESH is set.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

NOT_COMPARED = "nbval-ignore-output"


def execute(path: Path, *, refresh: bool = False) -> int:
    """Run the notebook at ``path`` and store its outputs there, all or nothing.

    Args:
        path: A notebook; it runs in its own folder.
        refresh: Whether to replace also the outputs that are not compared.

    Returns:
        How many cells kept their stored output.
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
    notebook.metadata.language_info = {"name": "python"}
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".execute-") as folder:
        new = Path(folder, path.name)
        nbformat.write(notebook, new)
        new.replace(path)
    return kept


def main(names: list[str]) -> int:
    """Run the notebooks ``names``; return 1 at the first that fails, which is left as it was."""
    start = time.monotonic()
    for name in names:
        print(f"Running {name} ...", flush=True)
        try:
            kept = execute(Path(name), refresh=bool(os.environ.get("REFRESH")))
        except CellExecutionError as error:
            print(f"{name} is unchanged, a cell failed:\n{error}", file=sys.stderr)
            return 1
        if kept:
            print(f"  {kept} cell(s) whose output is not compared kept the stored one (REFRESH=1 replaces it)")
    print(f"Stored the outputs of {len(names)} notebook(s) in {time.monotonic() - start:.0f} s: {' '.join(names)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
