"""Tables of numbers that a cell does not compute: published ones, and ones measured by a committed command."""

from __future__ import annotations

import csv
import html
import io
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

FOLDER = Path(__file__).parent / "tables"
Row = dict[str, str]


def _read(kind: str, name: str) -> tuple[list[Row], dict[str, str]]:
    path = FOLDER / kind / f"{name}.csv"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in (FOLDER / kind).glob("*.csv")))
        raise ValueError(f"name must be a table in {kind} ({known}), got {name!r}")
    lines = path.read_text(encoding="utf-8").splitlines()
    notes = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    return list(csv.DictReader(line for line in lines if not line.startswith("# "))), notes


def published(name: str) -> list[Row]:
    """Read a table of published numbers, every cell as printed in its source.

    Args:
        name: File name below ``tables/published`` without ``.csv``.

    Returns:
        One dictionary for each row.

    Raises:
        ValueError: If there is no such table.
    """
    return _read("published", name)[0]


def measured(name: str) -> tuple[list[Row], dict[str, str]]:
    """Read a table that a committed command measured.

    Args:
        name: File name below ``tables/measured`` without ``.csv``.

    Returns:
        The rows, a dictionary each, and what made the table (command, commit, date, hardware, versions, seeds).

    Raises:
        ValueError: If there is no such table.
    """
    return _read("measured", name)


def write_measured(
    name: str, rows: Sequence[Mapping[str, object]], *, command: str, seeds: str, folder: Path = FOLDER / "measured"
) -> Path:
    """Write a measured table with its provenance; the file appears whole or not at all.

    Args:
        name: File name without ``.csv``.
        rows: Rows with the same keys, in the same order.
        command: The command that made the table.
        seeds: The seeds, in words.
        folder: Where to write.

    Returns:
        Path of the file.

    Raises:
        ValueError: If there are no rows.
    """
    if not rows:
        raise ValueError("rows must not be empty")
    git = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    notes = {
        "command": command,
        "commit": git.stdout.strip() or "none",
        "date": datetime.now(UTC).date().isoformat(),
        "hardware": f"{platform.machine()}, {os.cpu_count()} cores",
        "versions": f"python {platform.python_version()}, torch {version('torch')}, numpy {version('numpy')}",
        "seeds": seeds,
    }
    text = io.StringIO()
    text.writelines(f"# {key}: {value}\n" for key, value in notes.items())
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{name}.tmp"
    draft.write_text(text.getvalue(), encoding="utf-8")
    return draft.replace(folder / f"{name}.csv")


class Table:
    """A table that reads well as text in a terminal and as HTML on a page.

    Args:
        rows: Rows of cells; each is shown with ``str``.
        columns: Column headings.
        caption: What the table shows and where the numbers come from.
        made: What made a measured table, as :func:`measured` returns it; shown below the table.
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
