"""tools/build_book.py: a book is whole or is built anew, whatever happened, and is left alone if nothing changed."""

import json
import subprocess
import sys

import build_book
import pytest

# Writes what a build writes, the second half of it only if nobody stops it.
BUILDER = """
import os, pathlib, signal, sys
html = pathlib.Path("_build/html")
title = pathlib.Path("book/index.md").read_text().splitlines()[0]
for name in ("book/index.html", "book/a.html", "index.html"):
    path = html / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{name}, in the sidebar: {title}")
if pathlib.Path("kill").exists():
    os.kill(os.getpid(), signal.SIGKILL)
if pathlib.Path("fail").exists():
    sys.exit(3)
(html / "colab").mkdir()
(html / "_static").mkdir()
for name in ("search.html", "searchindex.js", "objects.inv", "colab/a.ipynb", "_static/a.css"):
    (html / name).write_text(name)
if pathlib.Path("lose").exists():
    (html / "colab/a.ipynb").unlink()
with open("runs", "a") as runs:
    runs.write("x")
"""


@pytest.fixture
def book(tmp_path):
    for name, text in {
        "_toc.yml": "root: book/index\nparts:\n  - chapters:\n      - file: book/a\n",
        "_config.yml": "title: t\n",
        "book/index.md": "# Title\n",
        "book/a.ipynb": "{}",
        "src/m.py": "x = 1\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def build(book):
    return build_book.build(book, (sys.executable, "-c", BUILDER))


def runs(book):
    return len((book / "runs").read_text()) if (book / "runs").exists() else 0


def whole(book):
    html = book / "_build/html"
    files = {p.relative_to(html).as_posix(): p.read_text() for p in html.rglob("*") if p.is_file()}
    return len(files) == 8 and all(text.startswith(name) for name, text in files.items())


def test_nothing_is_built_if_nothing_changed(book, capsys):
    assert build(book) == 0
    assert "The book of 8 files is in" in capsys.readouterr().out
    assert build(book) == 0
    assert (runs(book), whole(book)) == (1, True)
    assert capsys.readouterr().out.startswith("Nothing changed. The book is in ")


@pytest.mark.parametrize("name", ["book/a.html", "colab/a.ipynb", "_static/a.css", "index.html"])
@pytest.mark.parametrize("damage", ["deleted", "truncated", "added"])
def test_a_damaged_book_is_built_anew(book, name, damage):
    assert build(book) == 0
    path = book / "_build/html" / name
    if damage == "deleted":
        path.unlink()
    elif damage == "truncated":
        path.write_text(path.read_text()[:3])
    else:
        path.with_name("left-over").write_text("of an earlier build")
    assert build(book) == 0
    assert (runs(book), whole(book)) == (2, True)


@pytest.mark.parametrize("name", ["book/index.md", "book/a.ipynb", "src/m.py", "_toc.yml", "_config.yml"])
def test_a_change_of_a_source_changes_every_page(book, name):
    assert build(book) == 0
    path = book / name
    path.write_text(path.read_text().replace("Title", "Another") + " ")
    assert build(book) == 0
    assert (runs(book), whole(book)) == (2, True)
    sidebar = "# Another" if name == "book/index.md" else "# Title"
    assert (book / "_build/html/book/a.html").read_text() == f"book/a.html, in the sidebar: {sidebar}"


def test_a_book_needs_no_git_and_follows_its_address(book, monkeypatch):
    monkeypatch.setenv("PATH", str(book))
    assert build(book) == 0
    assert build(book) == 0
    assert runs(book) == 1
    for name, value in (("GITHUB_REPOSITORY", "a/b"), ("BOOK_URL", "https://a.example")):
        monkeypatch.setenv(name, value)
        assert build(book) == 0
    assert runs(book) == 3


def test_drafts_change_nothing(book):
    assert build(book) == 0
    (book / "book/.execute-x").mkdir()
    (book / "book/.execute-x/a.ipynb").write_text("half")
    (book / "src/__pycache__").mkdir()
    (book / "src/__pycache__/m.pyc").write_text("compiled")
    assert build(book) == 0
    assert runs(book) == 1


@pytest.mark.parametrize("how", ["kill", "fail", "lose"])
def test_after_an_interrupted_or_failed_build_comes_a_whole_one(book, how, capfd):
    assert build(book) == 0
    (book / "book/index.md").write_text("# Title\nchanged\n")
    (book / how).touch()
    for _ in range(2):
        assert build(book) != 0
        assert not (book / "_build/book.json").exists()
    if how == "lose":
        assert "The book is not whole: no colab/a.ipynb" in capfd.readouterr().err
    (book / how).unlink()
    assert build(book) == 0
    assert whole(book)
    assert set(json.loads((book / "_build/book.json").read_text())) == {"from", "files"}


def test_two_builds_wait_for_each_other(book):
    call = f"build_book.build(pathlib.Path('.'), (sys.executable, '-c', {BUILDER!r}))"
    command = [sys.executable, "-c", f"import pathlib, sys, build_book; sys.exit({call})"]
    environment = {"PYTHONPATH": build_book.__file__.rpartition("/")[0]}
    started = [subprocess.Popen(command, cwd=book, env=environment) for _ in range(3)]
    assert [process.wait() for process in started] == [0, 0, 0]
    assert (runs(book), whole(book)) == (1, True)
