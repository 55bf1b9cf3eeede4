"""Citations as author-year text, and the list of the works cited, from the bibliography of the book."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pybtex.database import BibliographyData, Entry, parse_file
from pybtex.plugin import find_plugin
from pybtex.richtext import Text


class Bibliography:
    """The works of a BibTeX file.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        """Read the file."""
        self.data: BibliographyData = parse_file(str(path))
        self.style = find_plugin("pybtex.style.formatting", "unsrt")()
        self.backend = find_plugin("pybtex.backends", "markdown")()

    def authors(self, key: str) -> str:
        """Give "Hu", "Hu and Shen" or "Hu et al."; the organization or the title of a work without authors."""
        entry: Entry = self.data.entries[key]
        people = entry.persons.get("author") or entry.persons.get("editor") or []
        if not people:
            return _plain(entry.fields.get("organization") or entry.fields["title"])
        names = [_plain(" ".join(person.prelast_names + person.last_names)) for person in people]
        if len(names) > 2:
            return f"{names[0]} et al."
        return " and ".join(names)

    def year(self, key: str) -> str:
        """Give the year of a work, "n.d." without one."""
        return self.data.entries[key].fields.get("year", "n.d.")

    def cite(self, keys: Sequence[str], *, textual: bool) -> str:
        """Give "Hu et al. (2019)" when textual, else "(Hu et al., 2019)".

        Raises:
            KeyError: a key is not in the bibliography.
        """
        if textual:
            return "; ".join(f"{self.authors(key)} ({self.year(key)})" for key in keys)
        return "(" + "; ".join(f"{self.authors(key)}, {self.year(key)}" for key in keys) + ")"

    def references(self, keys: Sequence[str]) -> str:
        """Format the works as a Markdown list, ordered by authors and year."""
        ordered = sorted(set(keys), key=lambda key: (self.authors(key).lower(), self.year(key), key))
        entries = self.style.format_bibliography(self.data, ordered)
        texts = (" ".join(entry.text.render(self.backend).split()) for entry in entries)
        return "\n".join("- " + re.sub(r"\\([.,:;!?()+-])", r"\1", text) for text in texts)  # needless escapes


def _plain(latex: str) -> str:
    return str(Text.from_latex(latex))  # not render_as, which searches all installed packages for a plugin
