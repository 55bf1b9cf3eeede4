"""The drawings have PNG twins (for the Colab copies), made from the drawings as they are now."""

import pytest
import svg_png
from PIL import Image, PngImagePlugin

SVGS = sorted(svg_png.STATIC.glob("*.svg"))


def test_there_are_drawings():
    assert SVGS


@pytest.mark.parametrize("svg", SVGS, ids=lambda path: path.stem)
def test_twin_is_of_this_drawing(svg):
    png = svg.with_suffix(".png")
    assert png.exists(), "run: python tools/svg_png.py"
    assert svg_png.recorded(png) == svg_png.digest(svg), "stale; run: python tools/svg_png.py"


@pytest.mark.parametrize("svg", SVGS, ids=lambda path: path.stem)
def test_twin_has_twice_the_size_and_is_small(svg):
    png = svg.with_suffix(".png")
    width, height = svg_png.size(svg)
    with Image.open(png) as image:
        assert image.size == (2 * width, 2 * height)
        assert len(image.getcolors(256)) > 2  # not an empty page
    assert png.stat().st_size < 150_000


def test_stale_twin_is_noticed(tmp_path):
    svg, png = tmp_path / "a.svg", tmp_path / "a.png"
    svg.write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 3 2"/>')
    Image.new("P", (6, 4)).save(png)
    assert svg_png.recorded(png) is None
    info = PngImagePlugin.PngInfo()
    info.add_text(svg_png.KEY, svg_png.digest(svg))
    Image.new("P", (6, 4)).save(png, pnginfo=info)
    assert svg_png.recorded(png) == svg_png.digest(svg)
    svg.write_text(svg.read_text() + "\n")
    assert svg_png.recorded(png) != svg_png.digest(svg)
    assert svg_png.size(svg) == (3, 2)
