"""Sphinx extension: the role ``verdict``, a badge for what holds of a claim."""

from __future__ import annotations

import runpy
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole

# From the tables, without the package, which would import torch. book.css gives each class a shape and a colour.
TABLE = Path(__file__).parents[2] / "src/convattn/lab/show/table.py"
VERDICTS: dict[str, str] = runpy.run_path(str(TABLE))["VERDICTS"]


class Verdict(SphinxRole):
    """One of five words as a badge; in bold where there are none."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the badge, or an error that names the five."""
        if self.text not in VERDICTS:
            allowed = ", ".join(VERDICTS)
            return [], [self.inliner.reporter.error(f"verdict must be one of {allowed}, got {self.text!r}")]
        return [nodes.strong(self.text, self.text, classes=["verdict", f"verdict-{VERDICTS[self.text]}"])], []


def setup(app: Sphinx) -> dict[str, object]:
    """Register the role."""
    app.add_role("verdict", Verdict())
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
