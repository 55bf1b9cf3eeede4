"""Published and measured tables: reading, and writing with provenance."""

import os
import platform
import re
import subprocess
from datetime import UTC, datetime

import pytest
import torch

from convattn.lab import records, runs, speed
from convattn.lab.experiments import __main__ as experiments


@pytest.mark.parametrize("path", sorted(records.FOLDER.glob("*/*.csv")), ids=lambda p: p.stem)
def test_every_table_is_complete(path):
    rows, notes = records._read(path.parent.name, path.stem)
    assert rows
    for row in rows:
        assert None not in row, "more cells than headings"
        assert None not in row.values(), "fewer cells than headings"
    if path.parent.name == "measured":
        assert set(notes) == {"command", "commit", "date", "hardware", "versions", "seeds"}
        assert notes["command"].startswith("python -m convattn.")


def test_published_cells_are_as_printed():
    # CBAM, Table 3, as printed in the paper
    order = {r["row"]: (r["top1_err"], r["top5_err"]) for r in records.published("cbam_t3_order")}
    assert order["channel_then_spatial"] == ("22.66", "6.31")
    assert order["parallel"] == ("22.95", "6.59")


def test_gains_are_differences_within_one_source():
    se, cbam = records.gains("se", "base"), records.gains("cbam", "se")
    assert len(se) == 24
    assert len(cbam) == 18
    # SimAM, Table 3: ResNet-50 76.34, 77.51 with SE, 77.63 with CBAM; FcaNet prints +0.25 for ResNet-34
    assert se["resnet50", "simam"] == pytest.approx(1.17)
    assert cbam["resnet50", "simam"] == pytest.approx(0.12)
    assert se["resnet34", "fcanet"] == 0.25
    assert not [source for _, source in se if source in ("ecanet", "triplet")]  # copied numbers
    with pytest.raises(ValueError, match="no source has both 'se' and 'sam'"):
        records.gains("se", "sam")


def test_every_table_is_as_it_was_measured_or_checked():
    # One digit that changes in a table changes a figure, which no other test looks at.
    tables = {p.relative_to(records.FOLDER).with_suffix("").as_posix() for p in records.FOLDER.glob("*/*.csv")}
    assert len(tables) > 20
    assert {table: records.digest(table) for table in sorted(tables)} == records.checksums()


PERCENT = re.compile(r"(_err|_acc|_top1|_top5|^accuracy|^clean|^share|percent)$")


@pytest.mark.parametrize("path", sorted(records.FOLDER.glob("*/*.csv")), ids=lambda p: p.stem)
def test_percentages_are_between_0_and_100(path):
    for row in records._read(path.parent.name, path.stem)[0]:
        for name, cell in row.items():
            if PERCENT.search(name) and re.fullmatch(r"-?[\d.]+", cell):
                assert 0 <= float(cell) <= 100 or "minus" in name, (name, cell)


def test_a_changed_table_is_noticed_until_it_is_accepted(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(records, "FOLDER", tmp_path)
    records.report({"t": [{"a": 93.5}], "u": [{"a": 1}]}, command="c", seeds="0", out=tmp_path / "measured")
    assert records.checksums() == {f"measured/{name}": records.digest(f"measured/{name}") for name in "tu"}
    path = tmp_path / "measured/t.csv"
    path.write_text(path.read_text().replace("93.5", "4.0"))
    assert records.checksums()["measured/t"] != records.digest("measured/t")
    (tmp_path / "measured/u.csv").unlink()
    records.accept("measured/t")
    assert records.checksums() == {"measured/t": records.digest("measured/t")}
    with pytest.raises(ValueError, match="table must be one of measured/t, got 'measured/v'"):
        records.accept("measured/v")


def test_unknown_table_lists_what_there_is():
    with pytest.raises(ValueError, match=r"name must be a table in published \(.*cbam_t3_order.*\), got 'cbam_t9'"):
        records.published("cbam_t9")
    with pytest.raises(ValueError, match=r"name must be a table in measured \(.*context.*\), got 'no'"):
        records.measured("no")


def test_reported_table_reads_back_with_its_provenance(tmp_path, monkeypatch, capsys):
    rows = [{"kind": "a, b", "score": 1.5}, {"kind": 'quote "', "score": 2}]
    records.report({"t": rows}, command="python -m x", seeds="0 to 1", out=tmp_path / "measured")
    path = tmp_path / "measured/t.csv"
    assert list(path.parent.iterdir()) == [path]  # no draft is left
    assert capsys.readouterr().out == path.read_text() + f"Written: {path}\n"
    monkeypatch.setattr(records, "FOLDER", tmp_path)
    back, notes = records.measured("t")
    assert back == [{"kind": "a, b", "score": "1.5"}, {"kind": 'quote "', "score": "2"}]
    assert (notes["command"], notes["seeds"]) == ("python -m x", "0 to 1")
    assert {"commit", "date", "hardware", "versions"} < set(notes)


def test_a_failed_write_leaves_the_old_table_and_the_new_one_on_the_screen(tmp_path, monkeypatch, capsys):
    records.report({"t": [{"a": 1}]}, command="c", seeds="0", out=tmp_path)

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(records.Path, "write_text", fail)
    with pytest.raises(OSError, match="disk full"):
        records.report({"t": [{"a": 2}]}, command="c", seeds="0", out=tmp_path)
    assert (tmp_path / "t.csv").read_text().splitlines()[-1] == "1"
    assert capsys.readouterr().out.splitlines()[-1] == "2"


@pytest.mark.parametrize("name", ["../measured/context", "./cbam_t3_order", "cbam_t3_order.csv", "", "/etc/passwd"])
def test_a_table_is_a_name_and_no_path(name):
    with pytest.raises(ValueError, match="name must be a table in published"):
        records.published(name)


def git(folder, *arguments):
    command = ["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_commit_is_that_of_the_package_and_says_if_files_differ(tmp_path, monkeypatch):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder in (ours, theirs):
        folder.mkdir()
        git(folder, "init", "-q")
        (folder / "data").mkdir()
        (folder / "data/file").write_text(folder.name)
        git(folder, "add", ".")
        git(folder, "commit", "-qm", folder.name)
    monkeypatch.chdir(theirs)
    monkeypatch.setattr(records, "FOLDER", ours / "data")
    assert records.commit() == git(ours, "rev-parse", "--short", "HEAD") != git(theirs, "rev-parse", "--short", "HEAD")
    (ours / "data/file").write_text("changed")
    assert records.commit() == git(ours, "rev-parse", "--short", "HEAD") + " and changes"
    monkeypatch.setattr(records, "FOLDER", tmp_path)
    assert records.commit() == "none"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert records.commit() == "none"  # without git


def test_provenance_is_of_this_machine(tmp_path):
    records.report({"t": [{"a": 1}]}, command="c", seeds="0", out=tmp_path)
    notes = dict(line[2:].split(": ", 1) for line in (tmp_path / "t.csv").read_text().splitlines() if line[0] == "#")
    assert notes["hardware"] == f"{platform.machine()}, {os.cpu_count()} cores"
    assert notes["versions"].startswith(f"python {platform.python_version()}, torch {torch.__version__.split('+')[0]}")
    assert notes["date"] == datetime.now(UTC).date().isoformat()


@pytest.mark.parametrize("main", [experiments.main, speed.main], ids=["experiments", "speed"])
def test_a_folder_that_cannot_be_written_to_is_told_before_the_work(main, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(runs, "sweep", lambda *_: pytest.fail("it was measured"))
    monkeypatch.setattr(speed, "machine", lambda *_: pytest.fail("it was measured"))
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit):
        main([*(["context"] if main is experiments.main else []), "--out", str(tmp_path / "file")])
    assert "--out must be a folder that can be written to: " in capsys.readouterr().err.splitlines()[-1]
    records.writable(tmp_path / "new/folder")
    assert list((tmp_path / "new/folder").iterdir()) == []
    records.writable(None)
