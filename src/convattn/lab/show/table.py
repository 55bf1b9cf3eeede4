"""A table that reads well as text in a terminal and as HTML on a page."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence

NUMBER = re.compile(
    r"[<≈~]? ?[+\-−±]?\d[\d.,:]*( ?(±|to|of|/|–) ?[+\-−]?\d[\d.,]*)* ?(%|×|[A-Za-z]{1,3})?( \(.*\d\))?|[-–—]?"
)  # one number, an interval or a share, with its unit
SPACE = re.compile(r"(?<=\d) (?=[×%])|(?<=×) (?=\d)")  # where no line may end: "7 × 7", "5 %"
LONGEST = 9  # rows of a table that is not folded
VERDICTS = {
    "right": "right",
    "imprecise": "imprecise",
    "wrong": "wrong",
    "no evidence found": "none",
    "cannot tell": "open",
}  # the five verdicts, and their classes in the book's style sheet


def _kind(column: Sequence[str]) -> str:
    """Return the class of a column's cells as HTML: numbers, or results, which the page keeps in sight."""
    if any(cell in VERDICTS for cell in column):
        return ' class="result"'
    return ' class="number"' if all(NUMBER.fullmatch(cell) for cell in column) else ""


class Table:
    """A table that reads well as text in a terminal and as HTML on a page, where a long one is folded.

    Args:
        rows: Rows of cells; each is shown with ``str``.
        columns: Column headings.
        caption: What the table shows and where the numbers come from.
        made: What made a measured table, as :func:`convattn.lab.records.measured` returns it; folded below the table.
    """

    def __init__(
        self,
        rows: Iterable[Sequence[object]],
        columns: Sequence[str],
        caption: str,
        made: Mapping[str, str] | None = None,
    ) -> None:
        self.rows = [[str(cell) for cell in row] for row in rows]
        self.columns = list(columns)
        self.caption = caption
        self.source = "; ".join(f"{key} {value}" for key, value in (made or {}).items())
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"each row must have {len(self.columns)} cells, got {row}")

    def __repr__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.columns, *self.rows, strict=True)]
        lines = [[c.ljust(w) for c, w in zip(row, widths, strict=True)] for row in [self.columns, *self.rows]]
        text = [self.caption, *("  ".join(line).rstrip() for line in lines)]
        return "\n".join([*text, f"Measured: {self.source}"] if self.source else text)

    def _repr_html_(self) -> str:
        kinds = [_kind(column) for column in zip(*self.rows, strict=True)] or [""] * len(self.columns)

        def cells(tag: str, row: list[str]) -> str:
            drawn = []
            for cell, kind in zip(row, kinds, strict=True):
                text = SPACE.sub("\N{NO-BREAK SPACE}", html.escape(cell))
                if cell in VERDICTS:
                    text = f'<span class="verdict verdict-{VERDICTS[cell]}">{text}</span>'
                drawn.append(f"<{tag}{kind}>{text}</{tag.split()[0]}>")
            return f"<tr>{''.join(drawn)}</tr>"

        body = "\n".join(cells("td", row) for row in self.rows)
        head = cells('th scope="col"', self.columns)
        caption = html.escape(self.caption)
        folded = len(self.rows) > LONGEST
        opening = f'<table aria-label="{caption}">' if folded else f"<table>\n<caption>{caption}</caption>"
        table = f"{opening}\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>\n</table>"
        if folded:
            table = f'<details class="table">\n<summary>{caption}: {len(self.rows)} rows</summary>\n{table}\n</details>'
        if not self.source:
            return table
        fold = f"<summary>how it was measured</summary>\n<p>{html.escape(self.source)}</p>"
        return f'{table}\n<details class="source">{fold}</details>'
