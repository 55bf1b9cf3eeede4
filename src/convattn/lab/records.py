"""Tables of numbers that a cell does not compute: published ones, and ones measured by a committed command."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

FOLDER = Path(__file__).parent / "data"
SUMS = "SHA256SUMS"  # below FOLDER: a line for each table, as sha256sum writes it
Row = dict[str, str]


def _read(kind: str, name: str) -> tuple[list[Row], dict[str, str]]:
    known = sorted(p.stem for p in (FOLDER / kind).glob("*.csv"))
    if name not in known:  # a name, and not a path that leads elsewhere
        raise ValueError(f"name must be a table in {kind} ({', '.join(known)}), got {name!r}")
    path = FOLDER / kind / f"{name}.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    notes = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    return list(csv.DictReader(line for line in lines if not line.startswith("# "))), notes


def published(name: str) -> list[Row]:
    """Read a table of published numbers, every cell as printed in its source.

    Args:
        name: File name below ``data/published`` without ``.csv``.

    Returns:
        One dictionary for each row.

    Raises:
        ValueError: If there is no such table.
    """
    return _read("published", name)[0]


def gains(one: str, base: str) -> dict[tuple[str, str], float]:
    """Return published gains in top-1 accuracy on ImageNet by pairs of networks that were trained with one recipe.

    The rule of the selection: both networks were trained by the source itself, which proposes neither SE nor CBAM.

    Args:
        one: A variant: "se" or "cbam".
        base: What it is compared with: "base", the plain network, or "se".

    Returns:
        Gains in points by (backbone, source). Of "se" against "base" some sources print the difference alone.

    Raises:
        ValueError: If no source has both variants.
    """
    found: dict[tuple[str, str], dict[str, float]] = {}
    for row in published("replications_imagenet_acc"):
        if row["own_training"] == "yes":
            found.setdefault((row["backbone"], row["source"]), {})[row["variant"]] = float(row["top1_acc"])
    pairs = {network: round(v[one] - v[base], 3) for network, v in found.items() if {one, base} <= set(v)}
    if not pairs:
        raise ValueError(f"no source has both {one!r} and {base!r}")
    if (one, base) == ("se", "base"):
        rows = published("se_minus_base_differences")
        pairs |= {(row["backbone"], row["source"]): float(row["se_minus_base_top1"]) for row in rows}
    return pairs


def measured(name: str) -> tuple[list[Row], dict[str, str]]:
    """Read a table that a committed command measured.

    Args:
        name: File name below ``data/measured`` without ``.csv``.

    Returns:
        The rows, a dictionary each, and what made the table (command, commit, date, hardware, versions, seeds).

    Raises:
        ValueError: If there is no such table.
    """
    return _read("measured", name)


def commit() -> str:
    """Return the short commit of the clone that this package is in, with a mark if files differ from it, or "none"."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", FOLDER, *arguments], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        head = git("rev-parse", "--short", "HEAD")
        return f"{head} and changes" if head and git("status", "--porcelain") else head or "none"
    except OSError:  # there is no git
        return "none"


def writable(out: Path | None) -> None:
    """Make sure, before anything is measured, that its table can be written; None is never written to.

    Args:
        out: Folder to write to.

    Raises:
        OSError: If no file can be written there; it names the folder.
    """
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out) as probe:
            probe.write(bytes(100_000))


def report(
    tables: Mapping[str, Sequence[Mapping[str, object]]], *, command: str, seeds: str, out: Path | None = None
) -> None:
    """Print measured tables with what made them, and write each to a folder if one is named.

    A file appears whole or not at all.

    Args:
        tables: Rows by the name of their table, at least one, with the same keys in the same order.
        command: The command that made the tables.
        seeds: The seeds, in words.
        out: Folder to write to; None writes nothing.
    """
    notes = {
        "command": command,
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
        "hardware": f"{platform.machine()}, {os.cpu_count()} cores",
        "versions": f"python {platform.python_version()}, torch {version('torch')}, numpy {version('numpy')}",
        "seeds": seeds,
    }
    texts = {}
    for name, rows in tables.items():
        text = io.StringIO()
        text.writelines(f"# {key}: {value}\n" for key, value in notes.items())
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        texts[name] = text.getvalue()
        print(texts[name], end="")  # before anything is written: a full disk loses nothing
    for name, text in texts.items():
        if out is None:
            print(f"{name}: not written; --out names a folder")
            continue
        out.mkdir(parents=True, exist_ok=True)
        draft = out / f".{name}.tmp"
        draft.write_text(text, encoding="utf-8")
        path = draft.replace(out / f"{name}.csv")
        print(f"Written: {path}")
        if path.resolve().is_relative_to(FOLDER.resolve()):
            accept(path.resolve().relative_to(FOLDER.resolve()).with_suffix("").as_posix())


def checksums() -> dict[str, str]:
    """Return the checksum of each table, by "kind/name", from when it was measured or checked against its paper."""
    lines = (FOLDER / SUMS).read_text(encoding="utf-8").splitlines() if (FOLDER / SUMS).exists() else []
    return {name.removesuffix(".csv"): digest for digest, name in (line.split("  ") for line in lines)}


def digest(table: str) -> str:
    """Return the SHA-256 of a table, by "kind/name"."""
    return hashlib.sha256((FOLDER / f"{table}.csv").read_bytes()).hexdigest()


def accept(table: str) -> None:
    """Write down the checksum of a table, which a test then demands.

    A measured table is accepted when it is written. A published one is accepted by hand, after every number in it was
    compared with its paper: ``python -m convattn.lab.records published/NAME``.

    Args:
        table: Its kind and name: "published/cbam_t3_order".

    Raises:
        ValueError: If there is no such table.
    """
    known = sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.glob("*/*.csv"))
    if table not in known:
        raise ValueError(f"table must be one of {', '.join(known)}, got {table!r}")
    sums = {name: value for name, value in checksums().items() if name in known} | {table: digest(table)}
    draft = FOLDER / f"{SUMS}.tmp"
    draft.write_text("".join(f"{value}  {name}.csv\n" for name, value in sorted(sums.items())), encoding="utf-8")
    draft.replace(FOLDER / SUMS)


if __name__ == "__main__":
    for given in sys.argv[1:]:
        accept(given)
        print(f"Accepted: {given}, {digest(given)}")
