"""How a table is shown, as text and as HTML."""

import pytest

from convattn.lab.show import Table


def test_table_as_text_and_as_html():
    table = Table([["a", 1], ["<b>", 22.5]], ["name", "x"], "Title & more")
    assert repr(table).splitlines() == ["Title & more", "name  x", "a     1", "<b>   22.5"]
    page = table._repr_html_()
    assert '<th scope="col">name</th>' in page
    assert '<td>&lt;b&gt;</td><td class="number">22.5</td>' in page
    assert "<caption>Title &amp; more</caption>" in page
    with pytest.raises(ValueError, match=r"each row must have 2 cells, got \['a'\]"):
        Table([["a"]], ["name", "x"], "")


def test_a_measured_table_tells_what_made_it():
    table = Table([[1]], ["x"], "Scores", {"command": "python -m a", "seeds": "0 to 4"})
    assert repr(table).splitlines()[-1] == "Measured: command python -m a; seeds 0 to 4"
    assert table._repr_html_().endswith(
        '<details class="source"><summary>how it was measured</summary>\n'
        "<p>command python -m a; seeds 0 to 4</p></details>"
    )


def test_numbers_stand_to_the_right_and_verdicts_are_badges():
    rows = [["ResNet-50", "22.66", "−0.3 ± 0.2", "wrong"], ["7 × 7", "8,564", "+1.5", "cannot tell"]]
    page = Table(rows, ["network", "error", "gain", "verdict"], "")._repr_html_()
    assert page.count('class="number"') == 2 * 3  # two columns: their heads and their cells
    assert '<th scope="col" class="number">error</th>' in page
    assert "<td>ResNet-50</td>" in page
    assert '<td class="result"><span class="verdict verdict-wrong">wrong</span></td>' in page
    assert '<td class="result"><span class="verdict verdict-open">cannot tell</span></td>' in page


def test_a_result_that_is_no_verdict_is_kept_in_sight_beside_those_that_are():
    page = Table([["a", "above"], ["b", "cannot tell"]], ["task", "verdict"], "")._repr_html_()
    assert '<th scope="col" class="result">verdict</th>' in page
    assert '<td class="result">above</td>' in page
    assert "<td>a</td>" in page


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("3", True),
        ("-0.25", True),
        ("98 of 100", True),
        ("0.16 %", True),
        ("12 ms", True),
        ("-11.9 (-20.7 to -3.0)", True),
        ("none (0)", False),
        ("", True),
        ("none", False),
        ("3 × 3", False),
    ],
)
def test_what_is_a_number(cell, number):
    page = Table([[cell]], ["x"], "")._repr_html_()
    assert ('<td class="number">' in page) is number


def test_no_line_begins_with_a_sign():
    page = Table([["learned, 7 × 7", "by 5 %"]], ["x", "y"], "")._repr_html_()
    assert "<td>learned, 7\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}7</td>" in page
    assert "<td>by 5\N{NO-BREAK SPACE}%</td>" in page


def test_a_long_table_is_folded_below_its_caption():
    short, long = (
        Table([[i] for i in range(n)], ["i"], "Numbers < 10", {"command": "count"})._repr_html_() for n in (9, 10)
    )
    assert short.startswith("<table>\n<caption>Numbers &lt; 10</caption>")
    assert long.startswith('<details class="table">\n<summary>Numbers &lt; 10: 10 rows</summary>\n')
    assert '<table aria-label="Numbers &lt; 10">' in long
    assert "<caption>" not in long
    assert long.count("</details>") == 2
    assert long.count("<tr>") == 11
