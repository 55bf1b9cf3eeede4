"""Run the Colab copies as Colab would: ``python tools/check_colab.py``.

The copies are those in _build/colab (`make colab`). Each runs from top to bottom in an empty folder and without a
network, in an environment of its own (_build/colab-env, from requirements-colab-test.txt) that has the old IPython of
Colab and not the package. It must leave the other packages as they were and the folder empty. Its first cell must then
do nothing when it runs again, and mend the package when its files differ. The page itself must stop in its first cell
there, with one sentence.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode

ROOT = Path(__file__).parents[1]
COPIES = ROOT / "_build/colab"
ENV = ROOT / "_build/colab-env"
PINS = ROOT / "requirements-colab-test.txt"


def make_environment() -> None:
    """Install the packages of Colab, unless that was done from the same list."""
    stamp = ENV / "made-from.txt"
    if stamp.is_file() and stamp.read_text() == PINS.read_text():
        return
    print("Making the environment of the Colab copies (about a minute; pip writes to _build/colab-pip.log)", flush=True)
    shutil.rmtree(ENV, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", ENV], check=True)
    index = ["--extra-index-url", os.environ["TORCH_INDEX"]] if os.environ.get("TORCH_INDEX") else []
    with (ENV.parent / "colab-pip.log").open("w") as log:
        command = [ENV / "bin/python", "-m", "pip", "install", *index, "-r", PINS]
        subprocess.run(command, check=True, stdout=log, stderr=log)
    stamp.write_text(PINS.read_text())


def files() -> dict[str, tuple[int, int]]:
    """All installed files with their sizes and times, but for compiled ones."""
    site = next(ENV.glob("lib/python*/site-packages"))
    found = {path.relative_to(site).as_posix(): path.stat() for path in site.rglob("*") if path.is_file()}
    return {name: (s.st_size, s.st_mtime_ns) for name, s in found.items() if not name.endswith(".pyc")}


def run(notebook: NotebookNode, extra: dict[str, str] | None = None) -> None:
    """Run a notebook in an empty folder, which must stay empty.

    Args:
        notebook: the outputs are stored in it.
        extra: more environment variables.
    """
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as empty:
        spec = Path(home, "kernels/colab/kernel.json")
        spec.parent.mkdir(parents=True)
        variables = {
            "PIP_NO_INDEX": "1",
            "PIP_USER": "1",
            "MPLCONFIGDIR": str(ENV / "matplotlib"),
            "HOME": home,
            "PYTHONPATH": "",
        }
        variables |= {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "all_proxy")}
        argv = [str(ENV / "bin/python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        kernel = {"argv": argv, "language": "python", "display_name": "Colab", "env": variables | (extra or {})}
        spec.write_text(json.dumps(kernel))
        os.environ |= {"JUPYTER_PATH": home, "JUPYTER_RUNTIME_DIR": home}
        client = NotebookClient(notebook, timeout=300, kernel_name="colab", resources={"metadata": {"path": empty}})
        client.execute()
        assert not os.listdir(empty), f"left files: {os.listdir(empty)}"


def check(notebook: NotebookNode, extra: dict[str, str] | None = None) -> None:
    """Check one copy; see the module."""
    setup = nbformat.v4.new_notebook(cells=[nbformat.from_dict(notebook.cells[0])])
    subprocess.run([ENV / "bin/python", "-m", "pip", "uninstall", "-qqy", "convattn"], check=True)
    before = files()
    run(notebook, extra)
    after = files()
    assert not notebook.cells[0].outputs, f"the first cell is not silent: {notebook.cells[0].outputs}"
    assert {name: after.get(name) for name in before} == before, "an installed package was changed"
    if "requires=[]" in notebook.cells[0].source:
        assert {name.partition("/")[0].partition("-")[0] for name in set(after) - set(before)} == {"convattn"}
    run(setup, extra)
    assert files() == after, "the first cell does something when it runs again"
    changed = next(ENV.glob("lib/python*/site-packages/convattn/__init__.py"))
    text = changed.read_text()
    changed.write_text(text + "# changed\n")
    run(setup, extra)
    assert changed.read_text() == text, "the first cell does not mend another version of the package"


def check_guard(source: NotebookNode) -> None:
    """Check that a chapter itself, where the package is missing, stops in its first cell and says what to do."""
    subprocess.run([ENV / "bin/python", "-m", "pip", "uninstall", "-qqy", "convattn"], check=True)
    guard = nbformat.v4.new_notebook(cells=[source.cells[0]])
    try:
        run(guard)
    except CellExecutionError:
        [shown] = guard.cells[0].outputs
        assert shown.traceback == [shown.evalue], f"the first cell shows more than a sentence: {shown.traceback}"
        assert "pip install" in shown.evalue, f"the first cell does not say what to do: {shown.evalue}"
    else:
        raise AssertionError("the first cell does not notice that the package is missing")


def offline() -> list[str]:
    """A command that takes the network away from the one that follows; empty where the system does not allow it."""
    command = ["unshare", "--map-root-user", "--net"]
    try:
        allowed = subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        allowed = False
    return command if allowed else []


def only_loopback() -> None:
    """Switch on the one interface that is left: the kernels talk through it."""
    assert [name for _, name in socket.if_nameindex()] == ["lo"], "there is a network"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        set_flags, up = 0x8914, 0x1  # SIOCSIFFLAGS, IFF_UP: see netdevice(7)
        fcntl.ioctl(handle, set_flags, struct.pack("16sh14x", b"lo", up))


def main(arguments: list[str]) -> int:
    """Check the copies of all chapters."""
    if arguments not in ([], ["--offline"]):
        print(f"usage: python tools/check_colab.py [--offline]; got {' '.join(arguments)}", file=sys.stderr)
        return 2
    if arguments != ["--offline"]:
        make_environment()
        prefix = offline()
        print("Without a network" if prefix else "Without package indexes and proxies (unshare is not allowed here)")
        return subprocess.run([*prefix, sys.executable, __file__, "--offline"], check=False).returncode
    if offline():
        only_loopback()
    copies = sorted(COPIES.rglob("*.ipynb"))
    for path in copies:
        name = path.relative_to(COPIES)
        started = time.monotonic()
        try:
            check_guard(nbformat.read(ROOT / "book" / name, as_version=4))
            check(nbformat.read(path, as_version=4))
        except (AssertionError, CellExecutionError, CellTimeoutError) as error:
            print(f"{name} fails as a Colab copy:\n{error}")
            return 1
        print(f"{name} runs as a Colab copy ({time.monotonic() - started:.0f} s)")
    print(f"Passed: {len(copies)} Colab copies")
    return 0 if copies else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
