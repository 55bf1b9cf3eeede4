"""Figures, also with a slider: every frame has its text, and the output does not change between runs."""

import re

import matplotlib as mpl
import matplotlib.figure
import pytest

from convattn.lab.show import Frames, headline, use_style


def make(values=(1, 2, 3)):
    def draw(figure, value):
        figure.add_subplot().plot([0, value])

    alts = [f'line to "{v}"' for v in values]
    return Frames(draw, values, values, label="a < b", alts=alts, uid="f", figsize=(2, 1))


def test_one_picture_a_value_and_only_the_first_is_shown():
    page = make()._repr_html_()
    images = re.findall(r"<img [^>]*>", page)
    assert [re.search('alt="([^"]*)"', i)[1] for i in images] == [f"line to &quot;{v}&quot;" for v in (1, 2, 3)]
    assert [" hidden" in i for i in images] == [False, True, True]
    assert len(set(images)) == 3


def test_the_slider_is_labelled_and_bounded():
    page = make()._repr_html_()
    assert '<label for="f-r">a &lt; b:' in page
    assert 'type="range" min="0" max="2"' in page
    assert 'data-values="1|2|3"' in page
    assert "http" not in page


def test_output_is_reproducible():
    assert make()._repr_html_() == make()._repr_html_()
    assert repr(make()) == "<Frames: a < b, 3 values>"


def test_bad_lengths():
    with pytest.raises(ValueError, match=r"frames, values and alts must have the same length >= 1, got \(0, 0, 0\)"):
        make(())
    with pytest.raises(ValueError, match=r"got \(1, 2, 1\)"):
        Frames(print, [1], [1, 2], label="", alts=[""], uid="f")


def test_use_style_sets_the_defaults():
    with mpl.rc_context():
        use_style()
        assert mpl.rcParams["axes.titlelocation"] == "left"
        assert mpl.rcParams["figure.constrained_layout.use"] is True


def test_headline():
    figure = mpl.figure.Figure()
    headline(figure, "One answer")
    assert figure.get_suptitle() == "One answer"
