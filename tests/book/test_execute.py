"""tools/execute.py: what `make execute` stores, on a notebook made here."""

import execute
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

TICK = "import time\nprint(time.time_ns())"


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.delenv("REFRESH", raising=False)
    cells = [
        new_code_cell("x = 2"),
        new_markdown_cell("Text."),
        new_code_cell("x + 1"),
        new_code_cell(TICK, metadata={"tags": ["nbval-ignore-output"]}),
    ]
    path = tmp_path / "n.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


def outputs(path):
    return [c.outputs for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]


def test_second_run_changes_no_byte_unless_refreshed(path, monkeypatch):
    assert execute.main([str(path)]) == 0
    first = path.read_bytes()
    notebook = nbformat.reads(first.decode(), as_version=4)
    nbformat.validate(notebook)
    code = [c for c in notebook.cells if c.cell_type == "code"]
    assert [c.execution_count for c in code] == [1, 2, 3]
    assert code[1].outputs[0].data["text/plain"] == "3"
    assert code[2].outputs[0].text.strip().isdigit()
    assert all("execution" not in c.metadata for c in notebook.cells)

    assert execute.main([str(path)]) == 0
    assert path.read_bytes() == first  # time.time_ns() differs, its stored output does not
    monkeypatch.setenv("REFRESH", "1")
    assert execute.main([str(path)]) == 0
    assert outputs(path)[:2] == [c.outputs for c in code[:2]]
    assert outputs(path)[2] != code[2].outputs
    assert [p.name for p in path.parent.iterdir()] == ["n.ipynb"]


def test_output_of_a_compared_cell_is_replaced(path):
    assert execute.main([str(path)]) == 0
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source = "x = 40"
    nbformat.write(notebook, path)
    assert execute.main([str(path)]) == 0
    assert outputs(path)[1][0].data["text/plain"] == "41"


def test_failing_notebook_is_left_alone(path, capsys):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[-1].source = "assert x == 3, 'x is two'"
    nbformat.write(notebook, path)
    before = path.read_bytes()
    assert execute.main([str(path)]) == 1
    assert "x is two" in capsys.readouterr().err
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["n.ipynb"]


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "FileNotFoundError"), ("", "NotJSONError"), ('{"cells": [', "NotJSONError"), ("{}", "Error")],
)
def test_what_is_no_notebook_is_named(tmp_path, capsys, text, said):
    path = tmp_path / "n.ipynb"
    if text is not None:
        path.write_text(text)
    assert execute.main([str(path)]) == 1
    err = capsys.readouterr().err
    assert f"{path} is unchanged: " in err
    assert said in err
    assert "Traceback" not in err
    assert text is None or path.read_text() == text


def test_a_dead_kernel_and_no_name(path, capsys):
    assert execute.main([]) == 2
    assert "usage: " in capsys.readouterr().err
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source = "import os\nos._exit(1)"
    nbformat.write(notebook, path)
    before = path.read_bytes()
    assert execute.main([str(path)]) == 1
    assert "is unchanged: DeadKernelError" in capsys.readouterr().err
    assert path.read_bytes() == before
