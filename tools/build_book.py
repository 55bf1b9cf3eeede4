"""Build the book: ``python tools/build_book.py``, used by ``make book``.

Sphinx mends changed pages alone: a build that was interrupted, a deleted picture or a title in the sidebar of another
page it does not notice. So each build is a whole one, and there is none where nothing changed: a stamp tells from what
the book was made and of which files it consists. It is removed first and written last.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "book/_ext"))

import repository  # noqa: E402

SOURCES = (
    "book",
    "src",
    "tools/build_book.py",
    "_config.yml",
    "_toc.yml",
    "pyproject.toml",
    "requirements-book.txt",
    "LICENSE",
    "README.md",
)
COMMAND = (str(Path(sys.executable).with_name("jupyter-book")), "build", ".", "-W", "-n", "--keep-going")


def listing(paths: Iterable[Path], root: Path) -> dict[str, str]:
    """Return the files in some folders, or files, with a digest of each."""
    files = (path for top in paths for path in sorted(top.rglob("*") if top.is_dir() else [top]) if path.is_file())
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def made_from(root: Path) -> str:
    """Return a digest of all that the book is made from."""
    sources = listing([root / name for name in SOURCES if (root / name).exists()], root)
    drafts = re.compile(r"(^|/)(\.|__pycache__/)")  # and what is compiled
    parts = [{name: digest for name, digest in sources.items() if not drafts.search(name)}]
    parts += [repr(repository.find(root)), repository.book_url(root)]  # the addresses that pages link to
    parts += [sys.version, sys.prefix]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def missing(root: Path, html: Path) -> list[str]:
    """Return what a whole book has and this one has not: each page of the table of contents, its copy, and the rest."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    pages = [toc["root"], *(c["file"] for part in toc.get("parts", []) for c in part["chapters"])]
    wanted = ["index.html", "search.html", "searchindex.js", "objects.inv", *(f"{page}.html" for page in pages)]
    copies = [page for page in pages if (root / f"{page}.ipynb").is_file()]
    wanted += [f"colab/{Path(page).relative_to('book').as_posix()}.ipynb" for page in copies]
    return [name for name in wanted if not (html / name).is_file() or not (html / name).stat().st_size]


def build(root: Path = ROOT, command: Iterable[str] = COMMAND) -> int:
    """Build the book unless it is whole and nothing changed; return the exit status.

    Args:
        root: Folder of the book.
        command: What builds it there.
    """
    folder = root / "_build"
    html, stamp = folder / "html", folder / "book.json"
    folder.mkdir(exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another build is running here: waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        source = made_from(root)
        if stamp.is_file() and json.loads(stamp.read_text()) == {"from": source, "files": listing([html], html)}:
            print(f"Nothing changed. The book is in {html / 'index.html'}")
            return 0
        stamp.unlink(missing_ok=True)
        for old in (html, folder / ".doctrees"):
            shutil.rmtree(old, ignore_errors=True)
        status = subprocess.run([*command], cwd=root, check=False).returncode
        if status:
            return status
        if lacking := missing(root, html):
            print(f"The book is not whole: no {', '.join(lacking)}", file=sys.stderr)
            return 1
        new = stamp.with_suffix(".tmp")
        files = listing([html], html)
        new.write_text(json.dumps({"from": source, "files": files}))
        new.replace(stamp)
    print(f"The book of {len(files)} files is in {html / 'index.html'}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(build())
    except KeyboardInterrupt:
        sys.exit(130)
