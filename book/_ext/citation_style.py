"""Citations as author and year: the two texts of one paper by the same first author must not look alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pybtex.database import Entry
from pybtex.plugin import register_plugin
from pybtex.richtext import Text
from pybtex.style.formatting.plain import Style as Plain
from pybtex.style.labels import BaseLabelStyle
from sphinx.application import Sphinx


class AuthorYearLabels(BaseLabelStyle):
    """Labels such as "Hu et al., 2019"."""

    def format_labels(self, sorted_entries: Sequence[Entry]) -> Iterator[str]:
        """Yield one label for each entry."""
        for entry in sorted_entries:
            people = entry.persons["author"]
            names = [str(Text.from_latex(" ".join(p.prelast_names + p.last_names))) for p in people]
            who = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
            yield f"{who}, {entry.fields['year']}"


class AuthorYearStyle(Plain):
    """The plain style with these labels."""

    default_label_style = AuthorYearLabels


def setup(app: Sphinx) -> dict[str, object]:
    """Register the style as ``author_year``."""
    register_plugin("pybtex.style.formatting", "author_year", AuthorYearStyle)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
