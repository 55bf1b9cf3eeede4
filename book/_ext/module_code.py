"""Sphinx extension: the directive ``module-code`` shows code of the package as it stands in src/, and cannot drift.

The lines of the source are kept, with their comments, but for what a reader of the page does not need: docstrings,
checks that only raise, the annotations of signatures, and properties and private methods.
"""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

LONGEST = 35  # lines
WIDEST = 88  # characters


def signature(function: ast.FunctionDef) -> list[str]:
    """Write a function's first lines without annotations."""
    for argument in ast.walk(function.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    indent = " " * function.col_offset
    text = f"{indent}def {function.name}({ast.unparse(function.args)}):".replace("'", '"')
    return textwrap.wrap(text, WIDEST, subsequent_indent=indent + " " * 8, break_on_hyphens=False)


def is_check(statement: ast.stmt) -> bool:
    """Tell whether a statement can do nothing but raise: an ``if`` with a ``raise``, or a bare call of a check."""
    if isinstance(statement, ast.If):
        return not statement.orelse and all(isinstance(part, ast.Raise) for part in statement.body)
    return isinstance(statement, ast.Expr) and ast.unparse(statement).startswith("_checks.")


def is_docstring(statement: ast.stmt) -> bool:
    """Tell whether a statement is a text alone."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def shown(source: str, name: str, methods: set[str] | None = None) -> str:
    """Return the lines of a class or a function that a page shows.

    Args:
        source: Text of the module.
        name: Name of the class or function.
        methods: Names of its functions to show; None for all but properties and private ones.

    Returns:
        The lines, ended by a line feed each.

    Raises:
        ValueError: There is no such class or function, or what is left has more than 35 lines or a wide one.
    """
    lines = source.splitlines()
    kinds = ast.ClassDef | ast.FunctionDef
    found = [node for node in ast.parse(source).body if isinstance(node, kinds) and node.name == name]
    if not found:
        raise ValueError(f"there is no class or function {name}")
    whole = isinstance(found[0], ast.ClassDef)
    functions = [part for part in (found[0].body if whole else found) if isinstance(part, ast.FunctionDef)]
    if missing := (methods or set()) - {function.name for function in functions}:
        raise ValueError(f"{name} has no {', '.join(sorted(missing))}")
    kept = [lines[found[0].lineno - 1]] if whole else []
    for function in functions:
        plumbing = function.decorator_list or re.match(r"_(?!_init__$)", function.name)
        if whole and (plumbing if methods is None else function.name not in methods):
            continue
        kept += ["", *signature(function)] if len(kept) > 1 else signature(function)
        parts = [part for part in ast.walk(function) if isinstance(part, ast.stmt) and part is not function]
        left_out = [part for part in parts if is_docstring(part) or is_check(part)]
        hidden = {line for part in left_out for line in range(part.lineno, part.end_lineno + 1)}
        begin = function.body[0].lineno
        while lines[begin - 2].lstrip().startswith("#"):
            begin -= 1
        kept += [lines[line - 1] for line in range(begin, function.end_lineno + 1) if line not in hidden]
    if len(kept) > LONGEST:
        raise ValueError(f"{name} has {len(kept)} lines to show, at most {LONGEST}: name the functions with :methods:")
    if wide := [line for line in kept if len(line) > WIDEST]:
        raise ValueError(f"a line of {name} is wider than {WIDEST} characters: {wide[0].strip()}")
    return "\n".join(kept) + "\n"


class ModuleCode(SphinxDirective):
    """Shows a class or a function, named by its module below src/: ``convattn.channel_attention.ChannelAttention``."""

    required_arguments = 1
    option_spec: ClassVar = {"methods": str.split}

    def run(self) -> list[nodes.Node]:
        """Return the code, or an error that says what is wrong."""
        module, _, name = self.arguments[0].rpartition(".")
        path = Path(self.env.srcdir, "src", *module.split(".")).with_suffix(".py")
        self.env.note_dependency(str(path))
        try:
            text = shown(path.read_text(encoding="utf-8"), name, set(self.options.get("methods", [])) or None)
        except (OSError, ValueError) as error:
            raise self.error(f"module-code {self.arguments[0]}: {error}") from error
        return [nodes.literal_block(text, text, language="python")]


def setup(app: Sphinx) -> dict[str, object]:
    """Register the directive."""
    app.add_directive("module-code", ModuleCode)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
