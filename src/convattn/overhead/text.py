"""Counts as a table of text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from convattn.overhead.counting import Cost, grouped, total

By = Literal["kind", "attention", "module"]


def as_text(rows: Sequence[Cost], by: By = "kind") -> str:
    """Write counts as a table of text, with sums over what is attention, what is not, and everything.

    With attention, a line tells how many per cent it adds to the rest.

    Args:
        rows: What :func:`convattn.overhead.overhead` returns.
        by: What a line is: a kind of submodule, an attention module, or a submodule.

    Returns:
        Lines of equal width.
    """
    keys: dict[By, Callable[[Cost], str]] = {
        "kind": lambda row: row.kind if row.attention is None else f"{row.kind} in attention",
        "attention": lambda row: "without attention" if row.attention is None else row.attention,
        "module": lambda row: row.name,
    }
    lines = grouped(rows, keys[by])
    inside = [row for row in rows if row.attention is not None]
    if inside and by != "attention":
        lines += [total([row for row in rows if row.attention is None], "without attention")]
    if inside:
        lines += [total(inside, "all attention")]
    cells = [["", *(field.replace("saved", "saved bytes") for field in Cost._fields[3:])]]
    cells += [[row.name, *(f"{number:,}" for number in row[3:])] for row in [*lines, total(rows)]]
    rest = total([row for row in rows if row.attention is None])
    if inside and any(rest[3:]):
        shares = zip(total(inside)[3:], rest[3:], strict=True)
        cells += [["attention adds", *(f"{100 * more / base:.2f} %" if base else "" for more, base in shares)]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    texts = [[row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in cells]
    return "\n".join("  ".join(row) for row in texts)
