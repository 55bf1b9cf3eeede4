"""What must not be parted at the end of a line: formulas and what touches them, numbers and units."""

import pytest
import typeset
from docutils import nodes

FORMULA = nodes.math("", "x")
SPACE = "\N{NO-BREAK SPACE}"


def paragraph(*parts):
    return nodes.paragraph("", "", *(nodes.Text(part) if isinstance(part, str) else part.deepcopy() for part in parts))


def spans(*parts):
    """Return the texts of the spans without line breaks, after the same text as before."""
    element = paragraph(*parts)
    before = element.astext()
    element[:] = typeset.together(element)
    assert element.astext() == before
    return [span.astext() for span in element.findall(nodes.inline) if "nobr" in span["classes"]]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["of ", FORMULA, ", and"], ["x,"]),
        (["of (", FORMULA, ")."], ["(x)."]),
        (["of “", FORMULA, "-like” things"], ["“x-like”"]),
        ([FORMULA, "/", FORMULA, " and\n", FORMULA, "."], ["x/x", "x."]),
        ([FORMULA, f"{SPACE}% of"], [f"x{SPACE}%"]),
        ([FORMULA, nodes.strong("", "b"), ": c"], ["xb:"]),
        ([FORMULA, nodes.strong("", "two words"), ", c"], []),
        (["of ", FORMULA, " and ", FORMULA], []),
        (["of words, and ", nodes.literal("", "code"), "."], []),
    ],
)
def test_together(parts, expected):
    assert spans(*parts) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C × H × W numbers", f"C{SPACE}×{SPACE}H{SPACE}×{SPACE}W numbers"),
        ("about 75 % of 3 × 3", f"about 75{SPACE}% of 3{SPACE}×{SPACE}3"),
        ("64 kB in 2.5 ms", f"64{SPACE}kB in 2.5{SPACE}ms"),
        ("in 2 steps; 3 skips", "in 2 steps; 3 skips"),
        ("a % b, 5 and 6", "a % b, 5 and 6"),
    ],
)
def test_join_numbers(text, expected):
    element = paragraph(text)
    typeset.join_numbers(element)
    assert element.astext() == expected


def test_a_unit_after_a_number_in_bold():
    element = paragraph(nodes.strong("", "75"), " % of")
    typeset.join_numbers(element)
    assert element.astext() == f"75{SPACE}% of"


@pytest.mark.parametrize("kind", [nodes.literal, nodes.literal_block, nodes.math, nodes.raw])
def test_code_is_left_alone(kind):
    element = paragraph(kind("", "75 % 3"))
    typeset.join_numbers(element)
    assert element.astext() == "75 % 3"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("convattn.lab.experiments.pools", ["convattn.", "lab.", "experiments.", "pools"]),
        ("convattn.cbam", ["convattn.cbam"]),
        ("a_name_without_a_dot_in_it", ["a_name_without_a_dot_in_it"]),
    ],
)
def test_divide(name, expected):
    element = nodes.literal("", name)
    typeset.divide(element)
    assert [text for text in element.children if isinstance(text, nodes.Text)] == expected
    assert [raw.astext() for raw in element.findall(nodes.raw)] == ["<wbr>"] * (len(expected) - 1)


def test_only_the_pages_are_changed():
    assert typeset.KeepTogether.formats == ("html",)
