"""Sphinx extension: the role ``verdict``, a badge for what holds of a claim."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole

# Each with its class in book.css, which gives it a shape and a colour; convattn.lab.show.table has the same.
VERDICTS = {
    "right": "right",
    "imprecise": "imprecise",
    "wrong": "wrong",
    "no evidence found": "none",
    "cannot tell": "open",
}


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
