"""Labels, references, citations and other roles of MyST, as plain Markdown."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from pathlib import Path

from citations import Bibliography
from docutils.nodes import make_id
from myst_syntax import MystError

CITES = {"cite": False, "cite:p": False, "cite:ps": False, "cite:t": True, "cite:ts": True}  # whether textual
PYTHON_ROLES = ["py:attr", "py:class", "py:const", "py:data", "py:exc", "py:func", "py:meth", "py:mod", "py:obj"]


@dataclass(frozen=True)
class Label:
    """What a reference points at: its kind, its number or title, and the page that has it."""

    kind: str
    text: str
    page: str


@dataclass
class Book:
    """What is known of all pages.

    Args:
        folder: folder of the pages.
        url: address of that folder's published pages; None where there is none.
        bibliography: the works that can be cited.
    """

    folder: Path
    url: str | None
    bibliography: Bibliography
    titles: dict[str, str] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)

    def link(self, text: str, page: str) -> str:
        """Link to the published page, or just the text."""
        return f"[{text}]({self.url}/{page}.html)" if self.url else text


class References:
    """Roles, links and labels of one page; keeps its counters.

    Args:
        book: what is known of all pages; a lenient pass adds to it.
        page: name of the page, without suffix.
        strict: whether unknown directives, roles and references are errors.
    """

    def __init__(self, book: Book, page: str, *, strict: bool = True) -> None:
        """Start with nothing numbered and nothing cited."""
        self.book, self.page, self.strict = book, page, strict
        self.counts = {"equation": 0, "figure": 0, "exercise": 0}
        self.cited: list[str] = []
        self.pending: str | None = None  # target that waits for its heading

    def unknown(self, what: str) -> None:
        """Refuse what has no form in the copy."""
        if self.strict:
            raise MystError(f"{what} has no form in the Colab copy")

    def define(self, kind: str, label: str | None, text: str | None = None) -> str:
        """Number a thing and remember its label."""
        if text is None:
            self.counts[kind] += 1
            text = str(self.counts[kind])
        if label and not self.strict:
            self.book.labels[label] = Label(kind, text, self.page)
        return text

    def find(self, label: str) -> Label:
        """Look a label up."""
        if label in self.book.labels:
            return self.book.labels[label]
        if self.strict:
            raise MystError(f"unknown label {label!r}")
        return Label("title", label, self.page)

    def target(self, name: str) -> None:
        """Take note of ``(name)=``, which waits for its heading."""
        self.pending = name

    def heading(self, text: str) -> None:
        """Take note of a heading; the first is the title of the page."""
        self.book.titles.setdefault(self.page, text)
        self.define("title", self.pending, text)
        self.pending = None

    def role(self, name: str, content: str) -> str:
        """Text of a role."""
        found = re.fullmatch(r"(.+?)\s*<([^<>]+)>", content, re.DOTALL)
        text, target = (found[1], found[2]) if found else ("", content)
        if name in CITES:
            keys = [key.strip() for key in content.split(",")]
            self.cited += keys
            return self.cite(keys, textual=CITES[name])
        if name in ("eq", "math:numref", "ref", "numref"):
            return self.reference(name, text, target)
        if name == "doc":
            url, title = self.link(target)
            return f"[{text or title}]({url})" if url else text or title
        if name in PYTHON_ROLES:
            return f"`{text or (target.rpartition('.')[2] if target.startswith('~') else target)}`"
        if name == "math":
            return f"${content}$"
        if name == "abbr" and (found := re.fullmatch(r"(.+?)\s*(\(.+\))", content)):
            return f"{found[1]} {found[2]}"
        if name in ("sub", "sup"):
            return f"<{name}>{html.escape(content)}</{name}>"
        if name == "term":
            return text or target
        self.unknown(f"role {{{name}}}")
        return content

    def cite(self, keys: list[str], *, textual: bool) -> str:
        """Author-year text of works."""
        for key in keys:
            if key not in self.book.bibliography.data.entries:
                self.unknown(f"citation of {key!r}, which is not in the bibliography,")
                return ""
        return self.book.bibliography.cite(keys, textual=textual)

    def reference(self, role: str, text: str, target: str) -> str:
        """Number or title of what a label stands for; with the page, if that is another."""
        label = self.find(target)
        here = label.page == self.page
        if label.kind == "title":
            text = text or label.text
            return text if here else self.book.link(text, label.page)
        if role in ("eq", "math:numref"):
            text = f"({label.text})"
        elif here:
            text = (
                text.replace("%s", label.text).replace("{number}", label.text)
                or f"{label.kind.capitalize()} {label.text}"
            )
        else:  # the pages number figures and exercises through all chapters
            text = f"the {label.kind}"
        return text if here else f"{text} of {self.book.link(self.book.titles[label.page], label.page)}"

    def link(self, target: str) -> tuple[str | None, str]:
        """Address (None: just the text) and title for the target of a link."""
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            return target, target
        path, _, label = target.partition("#")
        page = re.sub(r"\.(md|ipynb|html)$", "", path) or self.find(label).page
        title = self.book.titles.get(page, page) if path else self.find(label).text
        if not any((self.book.folder / f"{page}{suffix}").exists() for suffix in (".md", ".ipynb")):
            self.unknown(f"link to {target!r}, which is no page of the book,")
        if page == self.page or not self.book.url:
            return None, title
        return f"{self.book.url}/{page}.html" + (f"#{make_id(label)}" if label else ""), title
