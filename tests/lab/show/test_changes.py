"""Published changes: where the dots and the ends of their bars stand."""

import pytest

from convattn.lab.show import show_changes


def test_dots_and_bars():
    # p (1 - p) / n of both: 20 % and 20 % of 400 images: 2 % each, 1.96 * 2 * sqrt(2) = 5.54; equal rates: at zero
    figure = show_changes({"a": (20.0, 20.0), "b": (10.0, 20.0)}, "What it did", images=400)
    ax = figure.axes[0]
    dots = [line.get_xydata()[0].tolist() for line in ax.lines if line.get_marker() == "o"]
    assert dots == [[0.0, 0], [-10.0, 1]]
    bars = [bar.get_segments()[0][:, 0].tolist() for bar in ax.collections]
    assert bars[0] == pytest.approx([-5.544, 5.544], abs=1e-3)
    # 10 %: 1.5 %, with 2 %: 1.96 * 2.5 = 4.9
    assert bars[1] == pytest.approx([-14.9, -5.1], abs=1e-3)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    assert ax.yaxis_inverted()


def test_no_pairs():
    with pytest.raises(ValueError, match="at least one pair"):
        show_changes({}, "Nothing")
