"""Make the package of the book importable: nothing is downloaded, torch and numpy stay as they are."""

import base64
import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import zipfile
from importlib.metadata import Distribution, version
from pathlib import Path


def digest(folder):
    """SHA-256 over the names and contents of the files of a package."""
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    total = hashlib.sha256()
    for name in sorted(name for name in files if not name.endswith(".pyc")):
        total.update(name.encode() + b"\0" + files[name].read_bytes() + b"\0")
    return total.hexdigest()


def pip_install(*arguments):
    """Run pip, which is silent unless it fails."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--root-user-action=ignore", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PIP_USER": "0"})
    if done.returncode:
        raise RuntimeError(f"pip could not install {arguments[-1]}:\n{done.stderr}")


def is_installed(expected):
    """Whether the package that would be imported has exactly the expected contents."""
    importlib.invalidate_caches()
    spec = importlib.util.find_spec("convattn")
    return bool(spec and spec.origin) and digest(Path(spec.origin).parent) == expected


def setup(filename, expected, requires, wheel):
    """Install the embedded wheel unless it is installed, then what else the notebook needs, by name."""
    with tempfile.TemporaryDirectory() as folder:
        if not is_installed(expected):
            path = Path(folder, filename)
            path.write_bytes(base64.b64decode(wheel))
            try:
                pip_install("--no-deps", "--no-index", "--force-reinstall", str(path))
            except RuntimeError:  # no pip, or a Python that its system manages: for this kernel alone, then
                sys.path.insert(0, tempfile.mkdtemp(prefix="convattn-"))
                zipfile.ZipFile(path).extractall(sys.path[0])
            for name in [name for name in sys.modules if name.partition(".")[0] == "convattn"]:
                del sys.modules[name]  # another version was imported before
            if not is_installed(expected):
                raise RuntimeError("Another convattn comes before the installed one: restart without it on sys.path.")
        missing = [name for name in requires if not any(Distribution.discover(name=name))]
        if missing:
            constraints = Path(folder, "constraints.txt")
            constraints.write_text("".join(f"{name}=={version(name)}\n" for name in ("torch", "numpy")))
            pip_install("--constraint", str(constraints), *missing)
            importlib.invalidate_caches()
