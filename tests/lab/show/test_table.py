"""How a table is shown, as text and as HTML."""

import pytest

from convattn.lab.show import Table


def test_table_as_text_and_as_html():
    table = Table([["a", 1], ["<b>", 22.5]], ["name", "x"], "Title & more")
    assert repr(table).splitlines() == ["Title & more", "name  x", "a     1", "<b>   22.5"]
    page = table._repr_html_()
    assert '<th scope="col">name</th>' in page
    assert "<td>&lt;b&gt;</td><td>22.5</td>" in page
    assert "<caption>Title &amp; more</caption>" in page
    with pytest.raises(ValueError, match=r"each row must have 2 cells, got \['a'\]"):
        Table([["a"]], ["name", "x"], "")


def test_a_measured_table_tells_what_made_it():
    table = Table([[1]], ["x"], "Scores", {"command": "python -m a", "seeds": "0 to 4"})
    assert repr(table).splitlines()[-1] == "Measured: command python -m a; seeds 0 to 4"
    assert table._repr_html_().endswith('<p class="source">Measured: command python -m a; seeds 0 to 4</p>')
