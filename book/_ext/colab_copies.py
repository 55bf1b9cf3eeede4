"""Sphinx extension: the builder of Colab copies, and all buttons that depend on the repository's address.

Each page that is a notebook offers its copy as a download: after the pages the builder of colab_builder.py writes the
copies beside them, in the same run. "Open in Colab", the repository and the issues have buttons only when
the build knows its repository (see repository.py).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import repository
from colab_builder import ColabBuilder, OnlyCaptions, pages
from sphinx.application import Sphinx
from sphinx.config import Config

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


def buttons(app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
    """Offer the copy in the download menu of a page that is a notebook; open the published one in Colab."""
    name = pages(app.env).get(page)
    if name is None:
        return
    download = {
        "type": "link",
        "url": context["pathto"](f"{FOLDER}/{name}", 1),
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


def fingerprint(app: Sphinx) -> str:
    """SHA-256 over all that the copies are made from."""
    total = hashlib.sha256(repr(repository.book_url(Path(app.srcdir))).encode())
    made_from = [Path(app.srcdir, part) for part in ("book", "_config.yml", "_toc.yml")]
    made_from += [Path(__file__).parent, *(ROOT / part for part in ("src", "pyproject.toml", "README.md"))]
    for part in made_from:
        for path in sorted([part, *part.rglob("*")]):
            if path.is_file() and "__pycache__" not in path.parts:
                total.update(str(path).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def write_copies(app: Sphinx, error: Exception | None) -> None:
    """Write the copies beside the pages, unless all they are made from is as it was."""
    if error or app.builder.format != "html":
        return
    out, stamp, now = Path(app.outdir, FOLDER), Path(app.doctreedir, "colab-copies"), fingerprint(app)
    if out.is_dir() and stamp.is_file() and stamp.read_text() == now:
        return
    html_builder = app.builder
    app.builder = ColabBuilder(app, app.env)  # what resolves references and outputs asks the application for it
    app.builder.outdir = out
    try:
        app.builder.init()
        app.builder.write()
    finally:
        app.builder = html_builder
    stamp.write_text(now)


def setup(app: Sphinx) -> dict[str, object]:
    """Connect to Sphinx; the theme makes its own buttons at priority 501."""
    app.setup_extension("sphinx_markdown_builder")  # its settings, which its translator reads
    app.add_builder(ColabBuilder)
    app.add_post_transform(OnlyCaptions)
    app.connect("config-inited", theme_options, priority=900)
    app.connect("html-page-context", buttons, priority=600)
    app.connect("build-finished", write_copies)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
