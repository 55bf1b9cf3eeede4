"""What the user's environment must not change: his backend, settings and start-up files, and the kind of his Python."""

import os
import re
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path

import colab_first_cell
import execute
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from packaging.specifiers import SpecifierSet

import convattn

ROOT = Path(__file__).parents[2]
NBVAL = ["-m", "pytest", "--nbval", "--nbval-current-env", "-q", "-p", "no:cacheprovider"]
PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    """Set a user's environment that once broke the notebooks, and return his folder."""
    profile = tmp_path / "ipython/profile_default"
    (profile / "startup").mkdir(parents=True)
    (profile / "startup/00-mine.py").write_text("print('my start-up file')\nx = 40\n")
    (profile / "ipython_config.py").write_text("c.InteractiveShell.ast_node_interactivity = 'all'\n")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.delenv("REFRESH", raising=False)
    return tmp_path


def notebook(path, *sources):
    cells = [new_code_cell(source, id=f"c{i}") for i, source in enumerate(sources)]
    nbformat.write(new_notebook(cells=cells), path)
    return path


def test_notebooks_are_stored_as_without_settings_of_the_user(hostile):
    path = notebook(
        hostile / "n.ipynb", PLOT, "x = 1\nx\nx + 1", "'x' in dir(__builtins__), [k for k in globals() if k == 'x']"
    )
    assert execute.main([str(path)]) == 0
    plot, number, _ = nbformat.read(path, as_version=4).cells
    assert "image/png" in plot.outputs[0].data
    assert [o.data["text/plain"] for o in number.outputs] == ["2"]
    assert not [o for o in plot.outputs if o.output_type == "stream"]


def test_nbval_runs_as_without_settings_of_the_user(hostile, monkeypatch):
    path = notebook(hostile / "n.ipynb", PLOT, "x = 1\nx\nx + 1")
    assert execute.main([str(path)]) == 0
    for name, value in (("IPYTHONDIR", str(hostile / "ipython")), ("MPLBACKEND", "Agg")):
        monkeypatch.setenv(name, value)
    (hostile / "conftest.py").write_text((ROOT / "book/conftest.py").read_text(encoding="utf-8"), encoding="utf-8")
    command = [sys.executable, *NBVAL, "n.ipynb"]
    done = subprocess.run(command, cwd=hostile, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_notebook_that_lost_an_output_is_not_stored(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("REFRESH", raising=False)
    path = notebook(tmp_path / "n.ipynb", PLOT, "print('a')\n1 + 1")
    assert execute.main([str(path)]) == 0
    for index, source, lost in (
        (0, "plt = None", "image/png"),
        (1, "1 + 1", "stdout"),
        (1, "print('a')", "text/plain"),
    ):
        changed = nbformat.read(path, as_version=4)
        changed.cells[index].source = source
        nbformat.write(changed, path)
        before = path.read_bytes()
        assert execute.main([str(path)]) == 1
        said = capsys.readouterr().err
        assert f"n.ipynb is unchanged, the cell c{index} ({source} ...) no longer gives " in said
        assert lost in said
        assert path.read_bytes() == before
        monkeypatch.setenv("REFRESH", "1")
        assert execute.main([str(path)]) == 0
        monkeypatch.delenv("REFRESH")
        notebook(path, PLOT, "print('a')\n1 + 1")
        assert execute.main([str(path)]) == 0
        capsys.readouterr()


def test_make_owns_its_environment():
    users = {
        "MPLBACKEND": "Agg",
        "PIP_USER": "1",
        "PIP_TARGET": "/there",
        "IPYTHONDIR": "/mine",
        "PYTHONSTARTUP": "/s.py",
    }
    users |= {"MPLCONFIGDIR": "/mine", "PYTHONPATH": "/p", "PYTEST_ADDOPTS": "-x", "PYTHONOPTIMIZE": "1"}
    command = ["make", "--no-print-directory", "--eval", "show: ; @env", "show"]
    out = subprocess.run(command, cwd=ROOT, env=os.environ | users, capture_output=True, text=True, check=True).stdout
    seen = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
    kept = {name: seen[name] for name in users if name in seen}
    own = {name: str(ROOT / ".venv" / name) for name in ("ipython", "matplotlib")}
    expected = {"PIP_USER": "0", "IPYTHONDIR": own["ipython"], "MPLCONFIGDIR": own["matplotlib"]}
    assert kept == expected | {"PYTHONPATH": str(ROOT / "src")}


def test_a_copy_of_the_clone_runs_its_own_code(tmp_path, monkeypatch):
    # The environment has the package of one clone installed; another clone must not test that one.
    assert Path(convattn.__file__).is_relative_to(ROOT / "src")
    for name in ("book/conftest.py", "tools/execute.py"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "src/convattn").mkdir(parents=True)
    (tmp_path / "src/convattn/__init__.py").write_text("name = 'the copy'")
    path = notebook(tmp_path / "book/n.ipynb", "import convattn\nconvattn.name")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    for command in (["tools/execute.py"], NBVAL):
        done = subprocess.run(
            [sys.executable, *command, "book/n.ipynb"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert nbformat.read(path, as_version=4).cells[0].outputs[0].data["text/plain"] == "'the copy'"


def test_a_colab_copy_needs_no_pip(tmp_path):
    # As on Debian's managed Python, or in a kernel without pip: the wheel that the cell carries is unpacked.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    code = colab_first_cell.source([])
    after = "import importlib.util as u, sys\nprint(u.find_spec('convattn').origin, len(sys.path))\n"
    command, environment = [tmp_path / "venv/bin/python", "-"], os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": ""}
    done = subprocess.run(
        command,
        input=code + "\n" + after + code + "\n" + after,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    first, second = done.stdout.splitlines()
    assert first == second, "the second run unpacks again"
    assert f"{os.sep}convattn-" in first


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-book.txt"])
def test_every_python_3_11_can_install_the_pins(name):
    # Debian 12 has 3.11.2; README and Makefile say 3.11.
    pins = re.findall(r"(?m)^([\w.-]+)==", (ROOT / name).read_text(encoding="utf-8"))
    assert len(pins) > 20
    wanted = {pin: metadata(pin).get("Requires-Python", "") for pin in pins if pin != "torch"}
    assert {pin: needs for pin, needs in wanted.items() if not SpecifierSet(needs).contains("3.11.0")} == {}


def moved(tmp_path, *, done):
    """Put a stand-in for an environment that is not here, with what a kill or a move left in it."""
    python = tmp_path / "venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    if done is not None:
        (tmp_path / "venv/made.txt").write_text(f"{done}\n")
    return tmp_path / "venv"


def made(venv):
    """Ask make for the environment, and return the path that it has in it."""
    command = ["make", "--no-print-directory", f"VENV={venv}", f"PYTHON={sys.executable}", f"{venv}/made.txt"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return (venv / "made.txt").read_text().strip(), (venv / "pyvenv.cfg").exists()


def test_an_environment_is_made_again_if_it_was_moved_or_not_finished(tmp_path):
    venv = moved(tmp_path / "a", done="/elsewhere/.venv")
    assert made(venv) == (str(venv), True)
    assert made(venv) == (str(venv), True)
    venv = moved(tmp_path / "b", done=tmp_path / "b/venv")
    (venv / "unfinished.txt").touch()  # as a kill of pip leaves it
    assert made(venv) == (str(venv), True)
    assert not (venv / "unfinished.txt").exists()
    assert made(tmp_path / "new") == (str(tmp_path / "new"), True)


def test_an_environment_of_the_user_is_used_and_never_removed(tmp_path):
    venv = moved(tmp_path, done=None)
    (venv / "mine").touch()
    assert made(venv) == ("used", False)
    assert (venv / "mine").exists()
    (tmp_path / "venv").rename(tmp_path / "there")
    assert made(tmp_path / "there") == ("used", False)


def test_the_laboratory_names_its_extra():
    code = "import sys; sys.modules['scipy'] = sys.modules['tqdm'] = None; import convattn; import convattn.lab"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == "ImportError: convattn.lab needs scipy, tqdm: pip install 'convattn[lab]'"
