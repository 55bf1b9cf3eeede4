"""Sphinx extension: the Colab copies beside the pages, and all buttons that depend on the repository's address.

Each chapter page offers its copy as a download. "Open in Colab", the repository and the issues have buttons only when
the build knows its repository (see repository.py).
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

import repository
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

ROOT = Path(__file__).parents[2]
FOLDER = "colab"  # below the HTML, and on the branch that is published


def theme_options(app: Sphinx, config: Config) -> None:
    """Tell the theme the address of the repository; without one, it shows no such button."""
    found = repository.find(Path(app.srcdir))
    host = found.host if found else ""
    known = any(provider in host for provider in ("github", "gitlab"))  # what the theme can link to
    options = config.html_theme_options
    for key in ("repository_url", "launch_buttons"):
        options.pop(key, None)
    if known:
        options["repository_url"] = found.url
    options.update(use_repository_button=known, use_issues_button=known)


def is_chapter(app: Sphinx, page: str) -> bool:
    """Whether a page is a chapter: a notebook that has a Colab copy."""
    path = Path(app.env.doc2path(page))
    return page in app.env.found_docs and re.fullmatch(r"\d\d-.+\.ipynb", path.name) is not None


def buttons(app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
    """Offer the copy in the download menu of a chapter; open the published one in Colab."""
    if not is_chapter(app, page):
        return
    name = page.rpartition("/")[2]
    download = {
        "type": "link",
        "url": context["pathto"](f"{FOLDER}/{name}.ipynb", 1),
        "text": "Colab copy",
        "tooltip": "Download the Colab copy",
        "icon": "fas fa-download",
        "label": "download-colab-copy-button",
    }
    groups = context["header_buttons"]
    next(group for group in groups if group.get("label") == "download-buttons")["buttons"].insert(0, download)
    found = repository.find(Path(app.srcdir))
    if found and found.colab_url(name):
        launch = {"type": "link", "url": found.colab_url(name), "text": "Open in Colab", "icon": "fas fa-play"}
        groups.insert(
            0,
            {
                "type": "group",
                "tooltip": "Run this page",
                "icon": "fas fa-rocket",
                "buttons": [launch],
                "label": "launch-buttons",
            },
        )


def fingerprint(folder: Path, url: str | None) -> str:
    """SHA-256 over all that the copies are made from."""
    total = hashlib.sha256(repr(url).encode())
    for part in (folder, ROOT / "src", ROOT / "tools", ROOT / "pyproject.toml", ROOT / "README.md"):
        paths = [part] if part.is_file() else part.rglob("*.*")
        for path in sorted(paths):
            if path.is_file() and not {"node_modules", "__pycache__"} & set(path.parts):
                total.update(str(path).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def write_copies(app: Sphinx, error: Exception | None) -> None:
    """Write the copies beside the pages, unless all they are made from is as it was.

    Raises:
        ExtensionError: a chapter cannot be converted.
    """
    folder = Path(app.srcdir, "book")
    if error or app.builder.format != "html" or not folder.is_dir():
        return
    out, stamp = Path(app.outdir, FOLDER), Path(app.doctreedir, "colab-copies")
    now = fingerprint(folder, repository.book_url(folder))
    if out.is_dir() and stamp.is_file() and stamp.read_text() == now:
        return
    sys.path.insert(0, str(ROOT / "tools"))
    import colab

    try:
        colab.write_copies(folder, out)
    except colab.ConversionError as wrong:
        raise ExtensionError(str(wrong)) from wrong
    stamp.write_text(now)


def setup(app: Sphinx) -> dict[str, object]:
    """Connect to Sphinx; the theme makes its own buttons at priority 501."""
    app.connect("config-inited", theme_options, priority=900)
    app.connect("html-page-context", buttons, priority=600)
    app.connect("build-finished", write_copies)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
