"""A table that reads well as text in a terminal and as HTML on a page."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence


class Table:
    """A table that reads well as text in a terminal and as HTML on a page.

    Args:
        rows: Rows of cells; each is shown with ``str``.
        columns: Column headings.
        caption: What the table shows and where the numbers come from.
        made: What made a measured table, as :func:`convattn.lab.records.measured` returns it; shown below the table.
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
        def cells(tag: str, row: list[str]) -> str:
            return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag.split()[0]}>" for cell in row) + "</tr>"

        body = "\n".join(cells("td", row) for row in self.rows)
        head = cells('th scope="col"', self.columns)
        caption = f"<caption>{html.escape(self.caption)}</caption>"
        source = f'\n<p class="source">Measured: {html.escape(self.source)}</p>' if self.source else ""
        return f"<table>\n{caption}\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>\n</table>{source}"
