"""Figures with a slider: every frame has its text, and the output does not change between runs."""

import re

import pytest

from convattn.lab.show import Frames


def make(values=(1, 2, 3), shown=0):
    def draw(figure, value):
        figure.add_subplot().plot([0, value])

    alts = [f'line to "{v}"' for v in values]
    return Frames(draw, values, values, label="a < b", alts=alts, uid="f", figsize=(2, 1), shown=shown)


def test_one_picture_a_value_and_only_one_is_shown():
    page = make()._repr_html_()
    frames = re.findall(r'<div class="frame"[^>]*>', page)
    assert [re.search('aria-label="([^"]*)"', f)[1] for f in frames] == [f"line to &quot;{v}&quot;" for v in (1, 2, 3)]
    assert [" hidden" in f for f in frames] == [False, True, True]
    assert len(set(re.findall(r"(?s)<svg.*?</svg>", page))) == 3
    later = make(shown=1)._repr_html_()
    assert [" hidden" in f for f in re.findall(r'<div class="frame"[^>]*>', later)] == [True, False, True]
    assert 'value="1" step' in later
    assert ">2</output>" in later


def test_the_slider_is_labelled_and_bounded():
    page = make()._repr_html_()
    assert '<label for="f-r">a &lt; b:' in page
    assert 'type="range" min="0" max="2"' in page
    assert 'data-values="1|2|3"' in page
    assert set(re.findall(r'https?://[^/"]*', page)) == {"http://www.w3.org"}  # names of XML, which nobody opens


def test_output_is_reproducible():
    assert make()._repr_html_() == make()._repr_html_()
    assert repr(make()) == "<Frames: a < b, 3 values>"


def test_bad_lengths():
    with pytest.raises(ValueError, match=r"frames, values and alts must have the same length >= 1, got \(0, 0, 0\)"):
        make(())
    with pytest.raises(ValueError, match=r"got \(1, 2, 1\)"):
        Frames(print, [1], [1, 2], label="", alts=[""], uid="f")
    with pytest.raises(ValueError, match="shown must be from 0 to 2, got 3"):
        make(shown=3)
