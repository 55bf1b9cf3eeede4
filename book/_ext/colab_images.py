"""Images of a Colab copy: data URIs. A drawing becomes a PNG, since Colab shows no SVG data."""

from __future__ import annotations

import base64
from pathlib import Path

import fontpkg
import resvg_py

KINDS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".svg": "png"}
FONT = "Inter"  # from the package fontpkg-inter, so that a drawing looks alike on every machine


def png(svg: str) -> bytes:
    """Render a drawing on white, at twice its size."""
    font = {"font_files": [str(fontpkg.path(FONT))], "sans_serif_family": FONT, "skip_system_fonts": True}
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=2, background="white", **font))


def data_uri(path: Path) -> str:
    """Embed an image file of one of these kinds."""
    data = png(path.read_text(encoding="utf-8")) if path.suffix == ".svg" else path.read_bytes()
    return f"data:image/{KINDS[path.suffix]};base64,{base64.b64encode(data).decode()}"
