"""The command of the experiments: it measures anew, prints, and writes only where it is told to."""

import pytest

from convattn.lab import records, runs
from convattn.lab.experiments import __main__ as command


@pytest.fixture
def _short(monkeypatch):
    monkeypatch.setattr(runs, "sweep", lambda run, axes, seeds: [{"kind": "a", "seed": seed} for seed in seeds[:2]])


@pytest.mark.usefixtures("_short")
def test_without_a_folder_nothing_is_written(capsys, monkeypatch, tmp_path):
    before = {path: path.read_bytes() for path in records.FOLDER.rglob("*.csv")}
    monkeypatch.chdir(tmp_path)
    command.main(["context"])
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "# command: python -m convattn.lab.experiments context"
    assert shown[5:] == ["# seeds: 0 to 9", "kind,seed", "a,0", "a,1", "context: not written; --out names a folder"]
    assert not list(tmp_path.iterdir())
    assert {path: path.read_bytes() for path in records.FOLDER.rglob("*.csv")} == before


@pytest.mark.usefixtures("_short")
def test_the_table_is_written_to_the_folder_that_is_named(capsys, tmp_path):
    command.main(["windows", "--out", str(tmp_path / "new")])
    [path] = (tmp_path / "new").iterdir()
    assert capsys.readouterr().out == path.read_text() + f"Written: {path}\n"
    assert path.name == "windows.csv"


def test_unknown_experiment_lists_what_there_is(capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main(["nothing"])
    assert "choose from" in capsys.readouterr().err
