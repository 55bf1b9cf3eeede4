"""Render the drawings of the book to PNG twins, which the Colab copies embed: ``python tools/svg_png.py``.

Needs Chromium, so only whoever changes a drawing runs it. A PNG carries the SHA-256 of its SVG, which a test compares.
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

from PIL import Image, PngImagePlugin

STATIC = Path(__file__).parents[1] / "book/_static"
KEY = "svg-sha256"
SCALE = 2
MARGIN = 200  # the window is larger than the drawing: parts of a window are not the page's


def digest(svg: Path) -> str:
    """SHA-256 of a drawing."""
    return hashlib.sha256(svg.read_bytes()).hexdigest()


def recorded(png: Path) -> str | None:
    """SHA-256 of the drawing that a PNG was made from; None if it does not say."""
    with Image.open(png) as image:
        return image.info.get(KEY)


def size(svg: Path) -> tuple[int, int]:
    """Width and height of a drawing in CSS pixels, from its viewBox."""
    _, _, width, height = map(float, ET.parse(svg).getroot().attrib["viewBox"].replace(",", " ").split())
    return round(width), round(height)


def render(svg: Path, chromium: str = "chromium") -> Path:
    """Render a drawing on white, at twice its size, with few colours to keep the file small."""
    width, height = size(svg)
    png = svg.with_suffix(".png")
    with tempfile.TemporaryDirectory() as folder:
        page, shot = Path(folder, "page.html"), Path(folder, "shot.png")
        page.write_text(f'<body style="margin:0;background:#fff"><img src="{svg.as_uri()}" width="{width}">')
        options = ["--headless", "--no-sandbox", "--hide-scrollbars", f"--user-data-dir={folder}/profile"]
        window = [f"--window-size={width + MARGIN},{height + MARGIN}", f"--force-device-scale-factor={SCALE}"]
        command = [chromium, *options, *window, f"--screenshot={shot}", page.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        with Image.open(shot) as image:
            drawing = image.convert("RGB").crop((0, 0, SCALE * width, SCALE * height))
    text = PngImagePlugin.PngInfo()
    text.add_text(KEY, digest(svg))
    drawing.quantize(128, dither=Image.Dither.NONE).save(png, optimize=True, pnginfo=text)
    return png


def main(folder: Path = STATIC) -> None:
    """Render the drawings that have no twin, or an old one; remove nothing."""
    for svg in sorted(folder.glob("*.svg")):
        png = svg.with_suffix(".png")
        if not png.exists() or recorded(png) != digest(svg):
            print(render(svg.resolve()).name)


if __name__ == "__main__":
    main()
