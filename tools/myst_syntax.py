"""Finds the MyST constructs of a Markdown text with the parser of the book, and rewrites them in place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import line_edits
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline, image, link
from markdown_it.token import Token
from mdit_py_plugins.myst_role.index import myst_role
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

if TYPE_CHECKING:
    from myst_to_markdown import Converter

EXTENSIONS = "amsmath colon_fence deflist dollarmath fieldlist strikethrough substitution tasklist"
PLAIN = (  # what Colab knows as well, by the names of markdown-it
    "blockquote bullet_list code_block code_inline em fence hardbreak heading hr html_block html_inline image inline "
    "link list_item math_block math_inline ordered_list paragraph s softbreak strong table tbody td text "
    "text_special th thead tr"
)


class MystError(ValueError):
    """A construct that has no form in the copy."""


@dataclass(frozen=True)
class Directive:
    """A directive: its name, the text on its first line, its options and its body."""

    name: str
    argument: str
    options: dict[str, str] = field(default_factory=dict)
    body: str = ""


def _located(rule: Callable[[StateInline, bool], bool]) -> Callable[[StateInline, bool], bool]:
    """Let an inline rule note where in the text its construct stands: start, end of its label (of a link), end."""

    def located(state: StateInline, silent: bool) -> bool:
        start = state.pos
        label_end = state.md.helpers.parseLinkLabel(state, start, True) if rule is link else start
        found = rule(state, silent)
        if found and not silent:
            state.tokens[-1].meta["span"] = (start, label_end, state.pos)
        return found

    return located


def parser() -> MarkdownIt:
    """The parser of the book, with all syntax that a page might use, and with the places of roles, links and images."""
    markdown = create_md_parser(MdParserConfig(enable_extensions=set(EXTENSIONS.split())), RendererHTML)
    for name, rule in (("myst_role", myst_role), ("link", link), ("image", image)):
        markdown.inline.ruler.at(name, _located(rule))
    return markdown


PARSER = parser()


def leftovers(text: str) -> list[str]:
    """List the MyST constructs in a text that should have none."""
    return [_describe(token) for token in _walk(PARSER.parse(text)) if not _is_plain(token)]


def rewrite(text: str, meaning: Converter) -> str:
    """Replace each MyST construct by what it means, and leave all other text as it is written."""
    lines, edits = text.split("\n"), {}
    row, column, tokens = 0, 0, PARSER.parse(text)
    for index, token in enumerate(tokens):
        if token.type == "tr_open":
            row, column = token.map[0], 0
        elif token.type == "inline":
            new = _inline(token, meaning)
            if tokens[index - 1].type in ("th_open", "td_open"):
                if new != token.content:
                    lines[row], column = line_edits.set_cell(lines[row], token.content, new, column)
            else:
                if tokens[index - 1].type == "heading_open":
                    meaning.heading(new)
                if new != token.content:
                    edits[token.map[0]] = (
                        token.map[1],
                        line_edits.refill(lines[slice(*token.map)], token.content, new),
                    )
        elif token.map and (replacement := _block(token, meaning)) is not None:
            mark = {"myst_target": "(", "amsmath": "\\begin"}.get(token.type, token.markup[:1])
            prefix = lines[token.map[0]].partition(mark)[0]
            last = token.map[0] + token.content.count("\n") + 1 if token.type == "amsmath" else token.map[1]
            edits[token.map[0]] = (last, line_edits.indent(replacement, prefix))
    for first, (last, new) in sorted(edits.items(), reverse=True):
        line_edits.replace(lines, first, last, new)
    return "\n".join(lines)


def _block(token: Token, meaning: Converter) -> str | None:
    """Replacement of a block; None where it stays as it is."""
    if token.type in ("fence", "colon_fence") and (found := re.match(r"\s*\{([^}]+)\}\s*(.*)", token.info)):
        return meaning.directive(Directive(found[1], found[2].strip(), *_options(token.content)))
    if token.type in ("math_block", "math_block_label", "amsmath"):
        return meaning.math(token.content, token.info or None)
    if token.type == "myst_target":
        meaning.target(token.content)
        return ""
    if token.type in ("myst_line_comment", "myst_block_break"):
        return ""
    if not _is_plain(token):
        meaning.unknown(_describe(token))
    return None


def _inline(token: Token, meaning: Converter) -> str:
    """The text of a paragraph, heading or cell of a table with its roles, links and images replaced."""
    text, edits, target = token.content, [], ""
    for child in token.children or []:
        start, label_end, end = child.meta.get("span", (0, 0, 0))
        if child.type == "link_open":  # links do not nest
            target = str(child.attrs["href"])
        elif child.type == "myst_role":
            edits.append((start, end, meaning.role(child.meta["name"], child.content)))
        elif child.type == "image":
            edits.append((start, end, meaning.image(child.content, str(child.attrs["src"]))))
        elif child.type == "link_close" and end:
            url, title = meaning.link(target)
            if url != target:
                title = title if label_end == start + 1 else ""
                edits.append((start, start + 1, "[" if url else ""))
                edits.append((label_end, end, title + (f"]({url})" if url else "")))
        elif child.type == "math_inline" and "\n" in child.content:  # see Converter.math
            text = text.replace(child.content, child.content.replace("\n", " "))
        elif not _is_plain(child):
            meaning.unknown(_describe(child))
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _options(content: str) -> tuple[dict[str, str], str]:
    """Split the content of a directive into its ``:name: value`` options and its body."""
    lines, options = content.rstrip("\n").split("\n"), {}
    if lines[0].strip() == "---":
        raise MystError("write the options of a directive as `:name: value`: a YAML block")
    while lines and (found := re.match(r":([\w-]+):\s*(.*)", lines[0])):
        options[found[1]] = found[2].strip()
        lines.pop(0)
        while lines and options and re.match(r"\s+\S", lines[0]):  # a value may go on, indented
            options[found[1]] += " " + lines.pop(0).strip()
    return options, "\n".join(lines).strip("\n")


def _is_plain(token: Token) -> bool:
    kind = re.sub(r"_(open|close)$", "", token.type)
    return kind in PLAIN.split() and not (token.type == "fence" and token.info.lstrip().startswith("{"))


def _walk(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _walk(token.children or [])


def _describe(token: Token) -> str:
    return f"{token.type} {token.meta.get('name') or token.info.strip() or repr(token.content[:40])}"
