"""Markdown of a Colab copy, from the blocks of a resolved page: what Colab has no form for is an error."""
# ruff: noqa: D102 (a visit method says by its name which node it writes)

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from pathlib import Path

import colab_images
from docutils import nodes
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from sphinx.locale import admonitionlabels
from sphinx.util.math import get_node_equation_number
from sphinx_markdown_builder.contexts import SubContext
from sphinx_markdown_builder.translator import MarkdownTranslator

FORMS = """
    Text abbreviation admonition attention block_quote bullet_list caption caution comment container danger emphasis
    enumerated_list error figure hint image important inline legend list_item literal literal_block math math_block note
    number_reference paragraph raw reference rubric seealso strong subscript substitution_definition superscript table
    target tip title transition warning
"""
ENVIRONMENTS = {"align": "aligned", "gather": "gathered", "equation": ""}  # LaTeX: what stands for it between $$
MARKS = re.compile(r"[\\*`$<~]|&(?=#?\w+;)|\](?=[(\[:])|(?<![^\W_])_|_(?![^\W_])")  # what Markdown would read in a text
INLINE = MarkdownIt("commonmark").use(dollarmath_plugin, renderer=lambda tex, _: f"${html.escape(tex)}$")


class NoForm(Exception):
    """A node that has no form in a copy, and why.

    Args:
        node: the node.
        why: more than "has no form in a Colab copy".
    """

    def __init__(self, node: nodes.Node, why: str = "has no form in a Colab copy") -> None:
        super().__init__(f"{type(node).__name__} {' '.join(node.astext().split())[:60]!r} {why}")


def fold(title: str, body: str, *, opened: bool = False) -> str:
    """Fold Markdown below a title, which is Markdown too; the empty lines let Colab read the body as such."""
    summary = INLINE.renderInline(title)
    return f"<details{' open' if opened else ''}>\n<summary>{summary}</summary>\n\n{body}\n\n</details>"


def quote(text: str) -> str:
    """Quote Markdown."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def tex(node: nodes.math_block) -> str:
    """Write a displayed equation in one line: Jupyter finds math before it reads the marks of quotes and lists."""
    source = re.sub(r"(?<!\\)%.*", "", node.astext().strip())
    found = re.fullmatch(r"\\begin\{(\w+)\*?\}(.*)\\end\{\1\*?\}", source, re.DOTALL)
    if found and found[1] in ENVIRONMENTS:
        source, inner = found[2], ENVIRONMENTS[found[1]]
    else:
        source = re.sub(r"\n\s*\n", r" \\\\ ", source)
        inner = "aligned" if r"\\" in re.sub(r"\\begin\{(\w+)\}.*?\\end\{\1\}", "", source, flags=re.DOTALL) else ""
    source = " ".join(source.split())
    return f"\\begin{{{inner}}} {source} \\end{{{inner}}}" if inner else source


def depth(node: nodes.Node | None) -> int:
    """Count the sections with a title that a node is in, itself included."""
    return 0 if node is None else depth(node.parent) + (isinstance(node, nodes.section) and bool(node["names"]))


class ColabTranslator(MarkdownTranslator):
    """Translates blocks of one page; the numbers are the page's."""

    in_table = False

    def markdown(self, children: Iterable[nodes.Node]) -> str:
        """Translate some nodes on their own."""
        self._push_context(SubContext())
        for child in children:
            child.walkabout(self)
        return self._ctx_queue.pop().make().strip("\n")

    def block(self, text: str) -> None:
        """Add a block, with an empty line on either side, and look at nothing below its node."""
        self.add(text, prefix_eol=2, suffix_eol=2)
        raise nodes.SkipNode

    def number(self, node: nodes.Element) -> str:
        """Give "Fig. 4.1" or "Exercise 4.1" as the page does; nothing for what it does not number."""
        kind = self.builder.env.domains["std"].get_enumerable_node_type(node)
        numbers = self.builder.fignumbers.get(kind, {})
        found = [numbers[name] for name in node["ids"] if name in numbers]
        return self.config.numfig_format[kind] % ".".join(map(str, found[0])) if found else ""

    def dispatch_visit(self, node: nodes.Node) -> None:
        """Visit a node, if it has a form."""
        if type(node).__name__ not in FORMS.split():
            raise NoForm(node)
        super().dispatch_visit(node)

    # Text

    def visit_Text(self, node: nodes.Text) -> None:
        text = MARKS.sub(r"\\\g<0>", node.astext().replace("\n", " "))
        if isinstance(node.parent, nodes.paragraph) and node.parent[0] is node:
            text = re.sub(r"^(\d*)(?=[-+>#]|(?<=\d)[.)](\s|$))", r"\1\\", text)  # would begin a list, quote or heading
        self.add(self.cell(text))

    def visit_literal(self, node: nodes.literal) -> None:
        text = " ".join(node.astext().split())
        mark = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
        self.add(self.cell(f"{mark} {text} {mark}" if "`" in text else f"{mark}{text}{mark}"))
        raise nodes.SkipNode

    def visit_math(self, node: nodes.math) -> None:
        text = " ".join(node.astext().split())
        if self.in_table:
            text = text.replace(r"\|", r"\Vert ").replace("|", r"\vert ")
        self.add(f"${text}$")
        raise nodes.SkipNode

    def cell(self, text: str) -> str:
        """Mask the bars in a cell of a table."""
        return text.replace("|", r"\|") if self.in_table else text

    def visit_emphasis(self, node: nodes.emphasis) -> None:
        self.add("*")

    def visit_strong(self, node: nodes.strong) -> None:
        self.add("**")

    depart_emphasis, depart_strong = visit_emphasis, visit_strong

    def visit_superscript(self, node: nodes.superscript) -> None:
        self.add(f"<sup>{html.escape(node.astext())}</sup>")
        raise nodes.SkipNode

    def visit_abbreviation(self, node: nodes.abbreviation) -> None:
        self.add(f"{node.astext()} ({node['explanation']})" if node.get("explanation") else node.astext())
        raise nodes.SkipNode

    def visit_raw(self, node: nodes.raw) -> None:
        if node["format"] != "html":
            raise NoForm(node)
        self.add(node.astext())
        raise nodes.SkipNode

    def visit_reference(self, node: nodes.reference) -> None:
        """Link to other sites and to other pages, if their address is known; else say which page is meant."""
        text, target = self.markdown(node.children), node.get("refuri", "")
        page, _, place = target.partition(".html")
        cited = "bibtex-citation" in node.parent.get("classes", [])
        if cited or not target or target.startswith("#"):
            pass  # it is on this page
        elif not node.get("internal"):
            text = f"[{text}]({target})"
        elif self.builder.book_url:
            text = f"[{text}]({self.builder.book_url}/{target})"
        elif not {"std-term", "py"} & {name for child in node.findall(nodes.Element) for name in child["classes"]}:
            title = self.builder.env.titles[page].astext()
            named = f"({title})" if place else title
            text = f"“{title}”" if text == title else f"{text} {named.replace(title, f'“{title}”')}"
        self.add(text)
        raise nodes.SkipNode

    # Blocks

    def visit_title(self, node: nodes.title) -> None:
        """Write a heading with the number that the page gives to its section or exercise."""
        owner, number = node.parent, ""
        level = depth(owner)
        if isinstance(owner, nodes.section):
            numbers = self.builder.env.toc_secnumbers.get(self.builder.docname, {})
            found = numbers.get("#" + owner["ids"][0], numbers.get("") if level == 1 else None)
            number = ".".join(map(str, found)) + ". " if found else ""
        else:
            number, level = self.number(owner), level + 1
        self.block(f"{'#' * level} {number}{self.markdown(node.children)}")

    def visit_rubric(self, node: nodes.rubric) -> None:
        self.block(f"**{self.markdown(node.children)}**")

    def visit_math_block(self, node: nodes.math_block) -> None:
        tag = f" \\tag{{{get_node_equation_number(self, node)}}}" if node["number"] else ""
        self.block(f"$${tex(node)}{tag}$$")

    def visit_literal_block(self, node: nodes.literal_block) -> None:
        text, language = node.astext().rstrip("\n"), node.get("language", "").replace("default", "")
        mark = "`" * max(3, max(map(len, re.findall("`+", text)), default=0) + 1)
        self.block(f"{mark}{language}\n{text}\n{mark}")

    def visit_block_quote(self, node: nodes.block_quote) -> None:
        self.block(quote(self.markdown(node.children)))

    def visit_admonition(self, node: nodes.Admonition) -> None:
        """Fold what the page folds, quote the rest."""
        if isinstance(node[0], nodes.title):
            title, body = self.markdown(node[0].children), self.markdown(node[1:])
        else:
            title, body = str(admonitionlabels[node.tagname]), self.markdown(node.children)
        self.block(fold(title, body) if "dropdown" in node["classes"] else quote(f"**{title}**\n\n{body}"))

    visit_attention = visit_caution = visit_danger = visit_error = visit_hint = visit_important = visit_admonition
    visit_note = visit_seealso = visit_tip = visit_warning = visit_admonition

    def visit_container(self, node: nodes.container) -> None:
        """Fold a dropdown; look into a container that is only a class."""
        if node.get("design_component") == "dropdown":
            title = self.markdown(node[0].children) if node["has_title"] else "More"
            self.block(fold(title, self.markdown(node[1 if node["has_title"] else 0 :]), opened=node["opened"]))
        if node.get("design_component") or node.get("nb_element"):
            raise NoForm(node)

    def visit_image(self, node: nodes.image) -> None:
        path = Path(self.builder.srcdir, node["uri"])
        if path.suffix not in colab_images.KINDS:
            raise NoForm(node, f"{node['uri']} is not one of {', '.join(colab_images.KINDS)}")
        alt = re.sub(r"([\[\]\\*`$<])", r"\\\1", " ".join(node.get("alt", "").split()))
        around = 0 if isinstance(node.parent, nodes.TextElement) else 2
        self.add(f"![{alt}]({colab_images.data_uri(path)})", prefix_eol=around, suffix_eol=around)
        raise nodes.SkipNode

    def visit_caption(self, node: nodes.caption) -> None:
        number = self.number(node.parent)
        self.block((f"**{number}.** " if number else "") + self.markdown(node.children))

    def visit_legend(self, node: nodes.legend) -> None:
        """Let the paragraphs below a caption follow."""

    def visit_enumerated_list(self, node: nodes.enumerated_list) -> None:
        self._start_list(node.get("start", 1) - 1)

    def visit_table(self, node: nodes.table) -> None:
        """Write a table with one row of heads, which Markdown demands."""
        rows = [row.children for row in node.findall(nodes.row)]
        heads = [row for head in node.findall(nodes.thead) for row in head.children]
        self.in_table = True
        lines = [[self.markdown(cell.children).replace("\n\n", "<br>") for cell in row] for row in rows]
        self.in_table = False
        spans = any({"morecols", "morerows"} & set(cell.attributes) for row in rows for cell in row)
        if len(heads) != 1 or spans or any("\n" in text for line in lines for text in line):
            raise NoForm(node, "is a table that Markdown has no form for")
        sides = {"text-right": "---:", "text-center": ":---:"}
        rule = [next((sides[name] for name in cell["classes"] if name in sides), "---") for cell in rows[-1]]
        number = self.number(node)
        caption = [self.markdown(child.children) for child in node.children if isinstance(child, nodes.title)]
        above = f"**{number}.** {caption[0]}\n\n" if caption else ""
        self.block(above + "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]]))

    def visit_comment(self, node: nodes.Node) -> None:
        raise nodes.SkipNode

    visit_target = visit_substitution_definition = visit_comment
