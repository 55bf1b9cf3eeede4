"""What a build knows of its repository, and what the pages then offer: the Colab copy, Colab, repository, issues."""

import shutil
import subprocess

import colab_sample
import light_pages
import pytest
import repository
from bs4 import BeautifulSoup

COLAB = "https://colab.research.google.com/github/{}/blob/gh-pages/colab/01-sample.ipynb"


@pytest.mark.parametrize(
    ("remote", "url"),
    [
        ("https://github.com/someone/a-book.git", "https://github.com/someone/a-book"),
        ("https://github.com/someone/a-book/", "https://github.com/someone/a-book"),
        ("https://user:s3cret@github.com/someone/a-book.git", "https://github.com/someone/a-book"),
        ("https://x-access-token:s3cret@github.com/someone/a-book", "https://github.com/someone/a-book"),
        ("git@github.com:someone/a-book.git", "https://github.com/someone/a-book"),
        ("github.com:someone/a-book.git", "https://github.com/someone/a-book"),
        ("ssh://git@github.com/someone/a-book.git", "https://github.com/someone/a-book"),
        ("ssh://git@ssh.github.com:443/someone/a-book.git", "https://github.com/someone/a-book"),
        ("git://github.com/someone/a.book.git", "https://github.com/someone/a.book"),
        ("git@gitlab.example.org:group/part/a-book.git", "https://gitlab.example.org/group/part/a-book"),
        ("https://codeberg.org/someone/a-book", "https://codeberg.org/someone/a-book"),
    ],
)
def test_address_of_a_remote(remote, url):
    assert repository.parse(remote).url == url


@pytest.mark.parametrize(
    "remote", ["", "/srv/git/a-book", "../a-book", "file:///srv/git/a-book.git", "C:/git/a-book", "https://github.com"]
)
def test_a_local_path_is_no_address(remote):
    assert repository.parse(remote) is None


@pytest.mark.parametrize(
    ("remote", "book", "colab"),
    [
        ("https://github.com/Someone/a-book", "https://someone.github.io/a-book", COLAB.format("Someone/a-book")),
        ("git@github.com:Me/me.github.io.git", "https://me.github.io", COLAB.format("Me/me.github.io")),
        ("https://gitlab.com/someone/a-book", None, None),
    ],
)
def test_addresses_that_follow(remote, book, colab):
    found = repository.parse(remote)
    assert (found.book_url, found.colab_url("01-sample.ipynb")) == (book, colab)


def git(folder, *arguments):
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A working tree without a remote; variables of the machine that runs the tests do not count."""
    for name in ("GITHUB_REPOSITORY", "GITHUB_SERVER_URL", "BOOK_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    git(tmp_path, "init", "--quiet")
    return tmp_path


def test_remote_of_a_working_tree(tree):
    assert repository.find(tree) is None
    git(tree, "remote", "add", "origin", "git@github.com:someone/a-book.git")
    assert repository.find(tree).url == "https://github.com/someone/a-book"
    assert repository.book_url(tree, {}) == "https://someone.github.io/a-book"
    assert repository.book_url(tree, {"BOOK_URL": "https://books.example/"}) == "https://books.example"


def test_fork_that_builds_goes_before_the_remote(tree):
    git(tree, "remote", "add", "origin", "https://github.com/upstream/a-book.git")
    fork = {"GITHUB_REPOSITORY": "forker/a-book", "GITHUB_SERVER_URL": "https://github.com"}
    assert repository.find(tree, fork).colab_url("01-sample.ipynb") == COLAB.format("forker/a-book")
    assert repository.find(tree, {"GITHUB_REPOSITORY": "forker/a-book"}).owner == "forker"
    enterprise = repository.find(tree, fork | {"GITHUB_SERVER_URL": "https://github.example.org"})
    assert (enterprise.url, enterprise.colab_url("x")) == ("https://github.example.org/forker/a-book", None)


def test_folder_without_git(tree, monkeypatch):
    shutil.rmtree(tree / ".git")
    assert repository.find(tree, {}) is None
    monkeypatch.setenv("PATH", str(tree))  # nor the program
    assert repository.find(tree, {}) is None


@pytest.fixture
def build(tree):
    """Build the sample book; gives the buttons of both pages as {text or title: address}."""
    colab_sample.write(tree)

    def buttons():
        out = colab_sample.build(tree, "html")
        found = []
        for page in ("01-sample", "notation"):
            html = BeautifulSoup((out / f"book/{page}.html").read_text(encoding="utf-8"), "html.parser")
            links = html.select(".article-header-buttons a")
            found.append({link.get_text(strip=True) or link["title"]: link["href"] for link in links})
        return found

    return buttons


def test_pages_of_a_github_repository(build, tree):
    git(tree, "remote", "add", "origin", "https://user:s3cret@github.com/someone/a-book.git")
    chapter, other = build()
    assert chapter["Open in Colab"] == COLAB.format("someone/a-book")
    assert chapter["Colab copy"] == "../colab/01-sample.ipynb"
    assert chapter["Repository"] == other["Repository"] == "https://github.com/someone/a-book"
    assert chapter["Open issue"].startswith("https://github.com/someone/a-book/issues/new?")
    assert not {"Open in Colab", "Colab copy"} & set(other)
    page = BeautifulSoup((tree / "html/book/01-sample.html").read_text(encoding="utf-8"), "html.parser")
    shown = {icon.path["d"] for icon in page.select(".article-header-buttons .book-icon")}
    assert {light_pages.DRAWINGS[name] for name in ("rocket", "play", "download", "github", "lightbulb")} <= shown
    copy = (tree / "html/colab/01-sample.ipynb").read_text(encoding="utf-8")
    assert "[chapter 2](https://someone.github.io/a-book/book/notation.html)" in copy
    assert not [path for path in (tree / "html").rglob("*.html") if "s3cret" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("remote", [None, "/srv/git/a-book"])
def test_pages_without_an_address(build, tree, remote):
    if remote:
        git(tree, "remote", "add", "origin", remote)
    chapter, other = build()
    assert (chapter, other) == ({"Colab copy": "../colab/01-sample.ipynb"}, {})  # no source, which is not published
    assert "Links: chapter 2 “Notation”" in (tree / "html/colab/01-sample.ipynb").read_text(encoding="utf-8")


def test_pages_of_another_host(build, tree):
    git(tree, "remote", "add", "origin", "git@gitlab.com:someone/a-book.git")
    chapter, _ = build()
    assert chapter["Repository"] == "https://gitlab.com/someone/a-book"
    assert "Open in Colab" not in chapter


def test_copies_are_made_again_only_after_a_change(build, tree):
    build()
    copy = tree / "html/colab/01-sample.ipynb"
    copy.write_text("left alone")
    build()
    assert copy.read_text() == "left alone"
    notation = tree / "book/notation.md"
    notation.write_text(notation.read_text().replace("# Notation", "# Signs"))
    build()
    assert "Links: chapter 2 “Signs”" in copy.read_text(encoding="utf-8")
