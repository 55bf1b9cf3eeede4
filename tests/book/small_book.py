"""A book of a few pages, built with the configuration and the extensions of the whole one."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PARTS = ("src", "book/_ext", "book/_static", "book/_templates", "book/references.bib")


def build(
    folder: Path, pages: Mapping[str, str | Path], *, toc: str = "", change: Callable[[str], str] = str
) -> subprocess.CompletedProcess[str]:
    """Build a book whose first page leads to the others, unless ``toc`` says how.

    Each page is its text, or a file of the book to take; ``change`` changes the configuration.
    """
    (folder / "book").mkdir()
    for name in PARTS:
        (folder / name).symlink_to(ROOT / name)
    for name, page in pages.items():
        if isinstance(page, Path):
            (folder / "book" / name).symlink_to(page)
        else:
            (folder / "book" / name).write_text(page, encoding="utf-8")
    first, *others = (f"book/{Path(name).stem}" for name in pages)
    chapters = "".join(f"- file: {other}\n" for other in others)
    flat = f"root: {first}\n" + (f"chapters:\n{chapters}" if others else "")
    (folder / "_toc.yml").write_text("format: jb-book\n" + (toc or flat))
    # colab_copies would need the chapters and tools/
    config = (ROOT / "_config.yml").read_text(encoding="utf-8").replace("    colab_copies: book/_ext\n", "")
    (folder / "_config.yml").write_text(change(config), encoding="utf-8")
    command = [f"{sys.prefix}/bin/jupyter-book", "build", ".", "-W", "-n", "--keep-going"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def built(folder: Path, pages: Mapping[str, str | Path], **options: Any) -> Path:
    """Build a book and return the folder of its HTML."""
    done = build(folder, pages, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "_build/html"
