"""What all tests share. Beside this file stand ``helpers``, ``checks`` and ``examples``, which tests import by name."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def root():
    """The folder of the clone."""
    return Path(__file__).parents[1]
