"""Coloured cells: every number, in a colour that tells its size, kind and sign."""

import re

import pytest

from convattn.lab.show import ByHand, Cells, Step


def test_colours_tell_size_kind_and_sign():
    steps = [Step("a", [Cells([1.0, 4.0], "x"), "→", Cells([-2.0], "z", "logit"), Cells([0.5], "g", "gate")])]
    drawn = ByHand(steps, caption="c").svg()
    fills = re.findall(r'fill="(#\w+)" fill-opacity="([\d.]+)"', drawn)
    assert [colour for colour, _ in fills] == ["#0072b2", "#0072b2", "#666666", "#009e73"]
    assert [float(strength) for _, strength in fills] == pytest.approx([0.155, 0.5, 0.5, 0.27], abs=0.006)
    assert ">→</text>" in drawn


def test_bad_arguments():
    with pytest.raises(ValueError, match="at least one step"):
        ByHand([], caption="")
    with pytest.raises(ValueError, match=r"x: values must have 1 or 2 dimensions, got \(1, 1, 1\)"):
        ByHand([Step("a", [Cells([[[1]]], "x")])], caption="")
