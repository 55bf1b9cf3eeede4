"""Notebooks under nbval: a drawing is not compared, as no picture is; the text beside it is."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Add SVG to what nbval leaves out of its comparison, beside PNG and JPEG."""
    for notebook in {item.parent for item in items if hasattr(item.parent, "skip_compare")}:
        notebook.skip_compare += ("image/svg+xml",)
