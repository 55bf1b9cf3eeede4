"""The walls of the house, which import-linter holds: that its contracts name every module, and that they can fail."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest

CORE = sorted(
    path.stem
    for path in (Path(__file__).parents[1] / "src/convattn").iterdir()
    if path.name not in ("__init__.py", "__pycache__", "lab", "py.typed")
)


def contracts(source: Path, root: Path) -> subprocess.CompletedProcess:
    """Hold the package in ``source`` to the contracts of ``root``."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo", root / "pyproject.toml"]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    return subprocess.run(command, env=environment, cwd=source, capture_output=True, text=True, check=False)


def test_each_module_of_the_core_is_named(root):
    core = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    assert core["source_modules"] == [f"convattn.{name}" for name in CORE]


@pytest.fixture
def copied(root, tmp_path):
    shutil.copytree(root / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    assert contracts(tmp_path / "src", root).returncode == 0
    return tmp_path / "src"


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("spatial_attention", "import convattn.lab.stats"),
        ("overhead/counting", "from convattn.lab import records"),
        ("networks/resnet", "import numpy"),
        ("lab/theory/window", "from convattn.lab.experiments.places import DETECTABILITY"),
        ("lab/proof/bugs", "from convattn.lab.experiments import pools"),
        ("lab/show/table", "import convattn.lab.experiments.start"),
    ],
)
def test_a_planted_violation_is_found(copied, root, module, line):
    path = copied / f"convattn/{module}.py"
    path.write_text(path.read_text() + f"\n{line}\n")
    done = contracts(copied, root)
    assert done.returncode == 1, done.stdout
    assert f"convattn.{module.replace('/', '.')}" in done.stdout
    assert "1 broken" in done.stdout


def test_the_package_imports_nothing_that_makes_the_book():
    graph = grimp.build_graph("convattn", include_external_packages=True, cache_dir=None)
    outside = {name for name in graph.modules if not name.startswith("convattn")} - sys.stdlib_module_names
    assert outside == {"PIL", "matplotlib", "numpy", "scipy", "torch", "tqdm"}
