"""MyST to the plain Markdown that Colab shows. What has no form there is an error, never passed through.

The text is parsed with the parser of the book (myst-parser); only the MyST constructs are rewritten, in place. A first,
lenient pass over all pages (``Book``) finds titles, labels and numbers, so that references may point anywhere.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

import myst_syntax
from markdown_it import MarkdownIt
from myst_references import References
from myst_syntax import Directive

ADMONITIONS = ["attention", "caution", "danger", "error", "hint", "important", "note", "seealso", "tip", "warning"]
INLINE = MarkdownIt("commonmark")
LATEX = {"align": "aligned", "gather": "gathered", "equation": ""}


class Converter(References):
    """Converts one page, cell by cell."""

    solution = ""  # title of the solution that is open

    def cell(self, text: str) -> str:
        """Convert a Markdown cell; the parts of a solution that spans cells are folded cell by cell."""
        before = f"{opening(self.solution + ' (continued)')}\n\n" if self.solution else ""
        text = before + self.convert(text).strip("\n") + ("\n\n</details>" if self.solution else "")
        return re.sub(r"<details>\n<summary>[^\n]*</summary>\s*</details>", "", text).strip("\n")

    def convert(self, text: str) -> str:
        """Convert a text, directives inside directives included."""
        return myst_syntax.rewrite(text, self)

    def image(self, alt: str, source: str) -> str:
        """An embedded image; of an SVG its PNG twin, since Colab shows no SVG data."""
        path = (self.book.folder / source).with_suffix(".png" if source.endswith(".svg") else Path(source).suffix)
        if not path.is_file():
            self.unknown(f"image {source!r}, for which there is no file {path.name},")
            return ""
        kind = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}.get(path.suffix)
        if kind is None:
            self.unknown(f"image {source!r}")
        data = base64.b64encode(path.read_bytes()).decode() if self.strict else ""
        alt = re.sub(r"([\[\]\\])", r"\\\1", " ".join(alt.split()))
        return f"![{alt}](data:image/{kind};base64,{data})"

    def math(self, content: str, label: str | None) -> str:
        """A displayed equation, numbered if it has a label; LaTeX environments become those that ``$$`` can hold.

        One line, since Jupyter finds math before it reads Markdown: a ``>`` of a quote would become part of it.
        """
        tag = f" \\tag{{{self.define('equation', label)}}}" if label else ""
        found = re.fullmatch(r"\\begin\{(\w+)\*?\}(.*)\\end\{\1\*?\}", content.strip(), re.DOTALL)
        if found and found[1] in LATEX:
            inner = LATEX[found[1]]
            content = f"\\begin{{{inner}}}{found[2]}\\end{{{inner}}}" if inner else found[2]
        line = " ".join(re.sub(r"(?<!\\)%.*", "", content).split())
        return f"$${line}{tag}$$"

    def directive(self, directive: Directive) -> str:
        """Text of a directive."""
        name = directive.name
        if name in ADMONITIONS or name in ("admonition", "dropdown"):
            fold = name == "dropdown" or "dropdown" in directive.options.get("class", "")
            title = self.convert(directive.argument) if name in ("admonition", "dropdown") else name.capitalize()
            lead = directive.argument if name in ADMONITIONS else ""
            body = self.convert(f"{lead}\n{directive.body}".strip("\n"))
            return folded(title, body) if fold else quoted(f"**{title}**\n\n{body}")
        method: Callable[[Directive], str] | None = getattr(self, "_" + name.replace("-", "_"), None)
        if method:
            return method(directive)
        self.unknown(f"directive {{{name}}}")
        return ""

    def _math(self, directive: Directive) -> str:
        return self.math(f"{directive.argument}\n{directive.body}", directive.options.get("label"))

    def _code_block(self, directive: Directive) -> str:
        return f"````{directive.argument}\n{directive.body}\n````"

    def _figure(self, directive: Directive) -> str:
        return (
            self.image(directive.options.get("alt", ""), directive.argument)
            + "\n\n"
            + self.caption(directive.options.get("name"), directive.body)
        )

    def _image(self, directive: Directive) -> str:
        return self.image(directive.options.get("alt", ""), directive.argument)

    def caption(self, label: str | None, text: str) -> str:
        """Number of a figure with its caption, which may go on in further paragraphs."""
        first, _, rest = text.strip().partition("\n\n")
        caption = f"**Figure {self.define('figure', label)}.** {self.convert(first)}".strip()
        return f"{caption}\n\n{self.convert(rest)}".strip()

    def _exercise_start(self, directive: Directive) -> str:
        title = self.convert(directive.argument)
        number = self.define("exercise", directive.options.get("label"))
        return f"### Exercise {number}" + (f": {title}" if title else "")

    def _exercise(self, directive: Directive) -> str:
        return f"{self._exercise_start(directive)}\n\n{self.convert(directive.body)}"

    def _exercise_end(self, directive: Directive) -> str:
        return ""

    def _solution_start(self, directive: Directive) -> str:
        self.solution = f"Solution to exercise {self.find(directive.argument).text}"
        return opening(self.solution)

    def _solution_end(self, directive: Directive) -> str:
        self.solution = ""
        return "</details>"

    def _solution(self, directive: Directive) -> str:
        return folded(f"Solution to exercise {self.find(directive.argument).text}", self.convert(directive.body))


def opening(title: str) -> str:
    """The visible line of a part that is folded."""
    return f"<details>\n<summary>{INLINE.renderInline(title)}</summary>"


def folded(title: str, body: str) -> str:
    """A part that is folded; Markdown inside needs the empty lines."""
    return f"{opening(title)}\n\n{body}\n\n</details>"


def quoted(text: str) -> str:
    """A quoted block."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))
