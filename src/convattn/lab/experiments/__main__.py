"""Measure a table of the book anew: ``python -m convattn.lab.experiments context``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from convattn.lab import records, runs

NAMES = (
    *("context", "start", "width", "pools", "robustness", "places", "windows", "correlated"),
    *("orders", "recipes", "readouts"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the experiment that the command line names, print its table, and write it where it is told to.

    Args:
        arguments: Command line without the program's name; ``sys.argv`` when None.
    """
    parser = argparse.ArgumentParser(prog="python -m convattn.lab.experiments", description="Measure a table anew.")
    parser.add_argument("experiment", choices=NAMES)
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write the table there, as NAME.csv")
    options = parser.parse_args(arguments)
    try:
        records.writable(options.out)
    except OSError as error:
        parser.error(f"--out must be a folder that can be written to: {error}")
    name = options.experiment
    experiment = import_module(f"convattn.lab.experiments.{name}")
    rows = runs.sweep(experiment.run, experiment.ARMS, experiment.SEEDS)
    seeds = f"{experiment.SEEDS[0]} to {experiment.SEEDS[-1]}"
    command = f"python -m convattn.lab.experiments {name}"
    records.report({name: rows}, command=command, seeds=seeds, out=options.out)


if __name__ == "__main__":
    main()
