"""Puts new text into the lines of a Markdown text, keeping the marks of lists, quotes and headings around it."""

from __future__ import annotations

import re


class NotFound(ValueError):
    """Text that does not stand in its line as it is read."""


def set_cell(line: str, old: str, new: str, column: int) -> tuple[str, int]:
    """Put new text in the place of the cell of a table that stands at or after a column; gives the column after it."""
    at = line.find(old, column)
    if at < 0:
        raise NotFound(f"cannot find the cell {old!r} of a table")
    return line[:at] + new + line[at + len(old) :], at + len(new)


def refill(lines: list[str], old: str, new: str) -> list[str]:
    """Put new text in the place of the old, after the marks (of lists, quotes, headings) that stand before it."""
    places = [line.rfind(part.strip()) for line, part in zip(lines, old.split("\n"), strict=False)]
    prefixes = [line[:place] for line, place in zip(lines, places, strict=False)]
    parts = [part.strip() for part in new.split("\n")]
    return [(prefixes[0] if i == 0 else prefixes[-1]) + part for i, part in enumerate(parts)]


def indent(text: str, prefix: str) -> list[str]:
    """Lines of a block below the marks that stand before it, with an empty line on either side."""
    rest = re.sub(r"[^>\s]", " ", prefix)
    lines = text.split("\n") if text else []
    marked = [((prefix if i == 0 else rest) + line).rstrip() for i, line in enumerate(lines)]
    around = [rest.rstrip()] if lines else []
    return ([] if prefix != rest else around) + marked + around


def replace(lines: list[str], first: int, last: int, new: list[str]) -> None:
    """Replace lines, without doubling the empty lines around them."""

    def empty(index: int) -> bool:
        return not 0 <= index < len(lines) or not lines[index].strip(" >")

    while new and not new[0].strip(" >") and empty(first - 1):
        new.pop(0)
    while new and not new[-1].strip(" >") and empty(last):
        new.pop()
    if not new and empty(first - 1) and empty(last):
        last += 1
    lines[first:last] = new
