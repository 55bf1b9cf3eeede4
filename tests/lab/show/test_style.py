"""The style of figures: text that stays text and can be read on a phone, and panels one above the other."""

import io
import re

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure

from convattn.lab.show import headline, panels, pictures, use_style
from convattn.lab.show.style import SMALLEST, WIDTH

PHONE = 350  # CSS pixels: the column of the book on a phone that is 390 wide


@pytest.fixture(autouse=True)
def _own_defaults():
    with mpl.rc_context():
        yield
    pyplot.close("all")


def svg(figure):
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg")
    return buffer.getvalue()


def test_use_style_sets_the_defaults():
    colours = use_style()
    assert colours["blue"] == "#0072B2"
    assert mpl.rcParams["axes.titlelocation"] == "left"
    assert mpl.rcParams["figure.constrained_layout.use"] is True


def test_text_stays_text_of_nine_pixels_on_a_phone():
    use_style()
    figure, (axes,) = panels()
    axes.plot([0, 1], label="a line")
    axes.legend()
    axes.set(title="The answer", xlabel="time (s)", ylabel="value")
    headline(figure, "All of it")
    drawn = svg(figure)
    sizes = [float(size) for size in re.findall(r"font(?:-size)?: ([\d.]+)px", drawn)]
    assert "time (s)</text>" in drawn
    assert len(sizes) >= 10
    # matplotlib's SVG counts points, of which the figure has 72 in an inch; it is as wide as the column
    assert min(sizes) * PHONE / (WIDTH * 72) >= 9
    assert SMALLEST in sizes


def test_panels_stand_one_above_the_other():
    figure, axes = panels(3, height=2.0)
    figure.draw_without_rendering()
    assert figure.get_size_inches().tolist() == [WIDTH, 6.0]
    boxes = [a.get_position() for a in axes]
    assert boxes[0].y0 > boxes[1].y1 > boxes[1].y0 > boxes[2].y1
    for rows, height in ((0, 2.0), (1, 0.0)):
        with pytest.raises(ValueError, match=f"rows must be >= 1 and height > 0, got {rows} and {height}"):
            panels(rows, height=height)


def test_pictures():
    use_style()
    _, axes = pyplot.subplots(1, 3)
    maps = np.stack([np.eye(2), 1 - np.eye(2)])
    pictures(axes, maps, ["one", "other"], vmin=0, vmax=1)
    assert [a.get_title(loc="center") for a in axes] == ["one", "other", ""]
    assert not any(a.axison for a in axes)
    assert [np.array_equal(a.images[0].get_array(), m) for a, m in zip(axes, maps, strict=False)] == [True, True]
    with pytest.raises(ValueError, match="images, titles and axes must fit, got 2, 1 and 3"):
        pictures(axes, maps, ["one"])


def test_headline():
    figure = Figure()
    headline(figure, "One answer")
    assert figure.get_suptitle() == "One answer"


def test_a_long_headline_stays_in_the_figure():
    use_style()
    figure, _ = panels()
    headline(figure, "In white noise the best window is as large as the square; more weights cost examples")
    figure.draw_without_rendering()
    (text,) = figure.texts
    assert text.get_text().count("\n") == 1
    assert text.get_window_extent().x1 < figure.bbox.x1
