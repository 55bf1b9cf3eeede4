"""Sphinx extension of this book: API pages without torch, accessibility, the page in the root."""

from __future__ import annotations

import re
import sys
import zlib
from importlib import import_module
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.ext import autodoc

# Accessibility faults in the HTML of myst-nb, docutils and Sphinx.
REPLACED = {
    ' aria-label="Toggle hidden content"': "",  # hides the visible name of a <summary>
    ' role="doc-biblioentry"': ' role="listitem"',  # deprecated, and not a child of role="list"
}

# MyST-NB says the word of a fold twice, in an admonition; a summary alone is what every other fold has.
FOLD = re.compile(
    r'<details class="admonition hide ([\w-]+)">\n<summary[^>]*>\n'
    r'<p class="collapsed[^>]*>(.*?)</p>\n<p.*?</p>\n</summary>'
)

LONG_SIGNATURE = re.compile(r"<dl>\n(?:<dd><em class=\"sig-param\">.*</dd>\n)+</dl>")

INDEX = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="0; url={page}">
<title>{title}</title>
</head>
<body><main><h1>{title}</h1><p>The first page is <a href="{page}">{page}</a>.</p></main></body>
</html>
"""


def true_signatures(app: Sphinx, config: Config) -> None:
    """Let autodoc find the package in src/ and look past the ``__new__`` of mocked base classes."""
    sys.path.insert(0, str(Path(app.srcdir, "src")))
    mocked = "sphinx.ext.autodoc.mock._MockObject.__new__"
    if mocked not in autodoc._CLASS_NEW_BLACKLIST:
        autodoc._CLASS_NEW_BLACKLIST.append(mocked)


def source_module(app: Sphinx, module: str, name: str) -> str:
    """Say in which module an entry of the API stands; a decorator that is mocked hides it from viewcode."""
    entry = getattr(import_module(module), name.split(".")[0], None)
    found = getattr(entry, "__module__", None)
    return found if isinstance(found, str) and found.startswith("convattn") else module


def title_says_it(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Leave out the first sentence of a laboratory module, which is the title of its fold."""
    if what == "module" and name.startswith("convattn.lab."):
        del lines[: lines.index("") + 1]


def write_index(app: Sphinx, exception: Exception | None) -> None:
    """Write index.html of the site: the first page is one folder below."""
    if exception is None and app.builder.format == "html" and app.config.root_doc != "index":
        page = app.builder.get_target_uri(app.config.root_doc)
        text = INDEX.format(page=page, title=app.config.html_title or app.config.project)
        Path(app.outdir, "index.html").write_text(text, encoding="utf-8")


def accessible_body(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object) -> None:
    """Mend the HTML that other packages write."""
    if "body" in context:
        for old, new in REPLACED.items():
            context["body"] = context["body"].replace(old, new)
        context["body"] = FOLD.sub(r'<details class="hide \1">\n<summary>\2</summary>', context["body"])
        context["body"] = re.sub(LONG_SIGNATURE, signature_lines, context["body"])


def signature_lines(match: re.Match) -> str:
    """Return a long signature as lines of a heading, where Sphinx writes a list without terms."""
    return match[0].replace("<dl>", '<span class="sig-lines">').replace("</dl>", "</span>").replace("dd>", "span>")


def drop_thebe(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object) -> None:
    """Leave out sphinx-thebe, which Jupyter Book always loads: unused, and its script logs an error."""
    for key in ("script_files", "css_files"):
        context[key] = [
            file
            for file in context.get(key, [])
            if not re.search("thebe", f"{getattr(file, 'filename', file)} {getattr(file, 'attributes', '')}")
        ]


def setup(app: Sphinx) -> dict[str, object]:
    """Register the hooks; a change of this file makes Sphinx read every page again."""
    app.connect("config-inited", true_signatures)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("html-page-context", accessible_body, priority=900)
    app.connect("autodoc-process-docstring", title_says_it)
    app.connect("viewcode-follow-imported", source_module)
    app.connect("build-finished", write_index)
    version = zlib.crc32(Path(__file__).read_bytes())
    return {"version": "1", "env_version": version, "parallel_read_safe": True, "parallel_write_safe": True}
