"""Notebooks under nbval: a drawing is not compared, as no picture is; the text beside it is."""

import os
import tempfile
from pathlib import Path

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Keep the user's backend and IPython settings from the kernels; they get this clone."""
    folder = tempfile.TemporaryDirectory(prefix="ipython-")
    config.add_cleanup(folder.cleanup)
    os.environ.pop("MPLBACKEND", None)
    os.environ["IPYTHONDIR"] = folder.name
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[1] / "src")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Add SVG to what nbval leaves out of its comparison, beside PNG and JPEG."""
    for notebook in {item.parent for item in items if hasattr(item.parent, "skip_compare")}:
        notebook.skip_compare += ("image/svg+xml",)
