"""Published and measured tables: reading, writing with provenance, and how they are shown."""

import csv

import pytest

from convattn.lab import tables


@pytest.mark.parametrize("path", sorted(tables.FOLDER.glob("*/*.csv")), ids=lambda p: p.stem)
def test_every_table_is_complete(path):
    rows, notes = tables._read(path.parent.name, path.stem)
    assert rows
    for row in rows:
        assert None not in row, "more cells than headings"
        assert None not in row.values(), "fewer cells than headings"
    if path.parent.name == "measured":
        assert set(notes) == {"command", "commit", "date", "hardware", "versions", "seeds"}
        assert notes["command"].startswith("python -m convattn.")


def test_published_cells_are_as_printed():
    # CBAM, Table 3, as printed in the paper
    order = {r["row"]: (r["top1_err"], r["top5_err"]) for r in tables.published("cbam_t3_order")}
    assert order["channel_then_spatial"] == ("22.66", "6.31")
    assert order["parallel"] == ("22.95", "6.59")


def test_unknown_table_lists_what_there_is():
    with pytest.raises(ValueError, match=r"name must be a table in published \(.*cbam_t3_order.*\), got 'cbam_t9'"):
        tables.published("cbam_t9")
    with pytest.raises(ValueError, match=r"name must be a table in measured \(.*context.*\), got 'no'"):
        tables.measured("no")


def test_written_table_reads_back_with_its_provenance(tmp_path, monkeypatch):
    rows = [{"kind": "a, b", "score": 1.5}, {"kind": 'quote "', "score": 2}]
    path = tables.write_measured("t", rows, command="python -m x", seeds="0 to 1", folder=tmp_path / "measured")
    assert [p.name for p in path.parent.iterdir()] == ["t.csv"]  # no draft is left
    monkeypatch.setattr(tables, "FOLDER", tmp_path)
    back, notes = tables.measured("t")
    assert back == [{"kind": "a, b", "score": "1.5"}, {"kind": 'quote "', "score": "2"}]
    assert (notes["command"], notes["seeds"]) == ("python -m x", "0 to 1")
    assert {"commit", "date", "hardware", "versions"} < set(notes)


def test_a_failed_write_leaves_the_old_table(tmp_path, monkeypatch):
    tables.write_measured("t", [{"a": 1}], command="c", seeds="0", folder=tmp_path)

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(csv.DictWriter, "writerows", fail)
    with pytest.raises(OSError, match="disk full"):
        tables.write_measured("t", [{"a": 2}], command="c", seeds="0", folder=tmp_path)
    assert (tmp_path / "t.csv").read_text().splitlines()[-1] == "1"
    with pytest.raises(ValueError, match="rows must not be empty"):
        tables.write_measured("t", [], command="c", seeds="0", folder=tmp_path)


def test_table_as_text_and_as_html():
    table = tables.Table([["a", 1], ["<b>", 22.5]], ["name", "x"], "Title & more")
    assert repr(table).splitlines() == ["Title & more", "name  x", "a     1", "<b>   22.5"]
    page = table._repr_html_()
    assert '<th scope="col">name</th>' in page
    assert "<td>&lt;b&gt;</td><td>22.5</td>" in page
    assert "<caption>Title &amp; more</caption>" in page
    with pytest.raises(ValueError, match=r"each row must have 2 cells, got \['a'\]"):
        tables.Table([["a"]], ["name", "x"], "")


def test_a_measured_table_tells_what_made_it():
    table = tables.Table([[1]], ["x"], "Scores", {"command": "python -m a", "seeds": "0 to 4"})
    assert repr(table).splitlines()[-1] == "Measured: command python -m a; seeds 0 to 4"
    assert table._repr_html_().endswith('<p class="source">Measured: command python -m a; seeds 0 to 4</p>')
