"""The first cell of a Colab copy: it installs the package from a wheel that it carries, without a download."""

from __future__ import annotations

import base64
import os
import tempfile
import textwrap
import zipfile
from pathlib import Path

import colab_setup
from flit_core.wheel import make_wheel_in
from sphinx.errors import ExtensionError

ROOT = Path(__file__).parents[2]
LIMIT = 1_000_000  # bytes of a wheel


def build_wheel(folder: Path) -> Path:
    """Build the wheel of the package in a folder: the same bytes from the same files."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = "315532800"  # 1980
    try:
        return make_wheel_in(ROOT / "pyproject.toml", folder).file
    finally:
        del os.environ["SOURCE_DATE_EPOCH"]
        if before is not None:
            os.environ["SOURCE_DATE_EPOCH"] = before


def source(requires: list[str]) -> str:
    """Write the code of the cell.

    Args:
        requires: packages that the page needs and Colab lacks.

    Raises:
        ExtensionError: the wheel is too large.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = build_wheel(Path(folder))
        wheel = path.read_bytes()
        zipfile.ZipFile(path).extractall(folder)
        digest = colab_setup.digest(Path(folder, "convattn"))
    if len(wheel) > LIMIT:
        raise ExtensionError(f"{path.name} has {len(wheel):,} bytes; a copy may carry {LIMIT:,}: less into src/")
    blob = "\n".join(textwrap.wrap(base64.b64encode(wheel).decode(), 120))
    code = Path(colab_setup.__file__).read_text(encoding="utf-8")
    call = f'setup("{path.name}",\n    expected="{digest}",\n    requires={requires!r},\n    wheel="""\n{blob}\n""")'
    return f"{code}\n\n{call}"
