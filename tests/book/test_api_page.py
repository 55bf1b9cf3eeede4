"""The API pages, built with the book's own configuration: without importing torch, and complete."""

import ast
import pkgutil
import re
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name

import bs4
import pytest
import small_book

import convattn

PAGES = {"api": "book/api.md", "api-lab": "book/api-lab.md"}
NOT_LISTED = {"convattn.lab.proof.bugs"}  # wrong on purpose, for tests and exercises


@pytest.fixture(scope="module")
def site(root, tmp_path_factory):
    """The HTML of the two pages and of the sources."""
    pages = {Path(file).name: root / file for file in PAGES.values()}
    return small_book.built(tmp_path_factory.mktemp("book"), pages)


@pytest.fixture(scope="module")
def entries(site):
    """By page, the heads of its entries by their full names."""
    found = {}
    for page in PAGES:
        html = bs4.BeautifulSoup((site / f"book/{page}.html").read_text(), "html.parser")
        found[page] = {head["id"]: head for head in html.select("dt.sig[id]")}
    return found


@pytest.fixture(scope="module")
def page(entries):
    """Full name and signature as shown, of all entries."""
    shown = {}
    for name, head in (entries["api"] | entries["api-lab"]).items():
        text = "".join(part for part in head.strings if not part.find_parent(class_=["headerlink", "viewcode-link"]))
        shown[name] = re.sub(r"\s+", " ", text).replace(", )", ")")
    return shown


def test_an_entry_is_on_the_page_of_its_readers(entries):
    assert not entries["api"].keys() & entries["api-lab"].keys()
    assert all(name.startswith("convattn.lab.") for name in entries["api-lab"])
    assert not any(name.startswith("convattn.lab") for name in entries["api"])


def test_every_entry_leads_to_its_source_in_the_book(site, entries):
    pages, looked = {}, 0
    for page, heads in entries.items():
        for name, head in heads.items():
            link = head.select_one("a:has(.viewcode-link)")
            if link is None:  # an attribute, which the source of its class has
                assert head.find_parent("dl")["class"][1] in ("attribute", "property"), name
                continue
            path, anchor = link["href"].split("#")
            file = (site / "book" / path).resolve()
            if file not in pages:
                pages[file] = bs4.BeautifulSoup(file.read_text(), "html.parser")
            target = pages[file].find(id=anchor)
            assert f" {anchor.split('.')[-1]}" in target.get_text(), (page, name)
            looked += 1
    assert looked > 100
    assert all("convattn" in str(file.relative_to(site)) for file in pages)


def blocks():
    """Yield the examples of the pages: each runs in the names of its page."""
    for page, file in PAGES.items():
        found = re.findall(r"(?ms)^```python\n(.*?)^```$", (Path(__file__).parents[2] / file).read_text())
        assert len(found) >= 7, page
        yield pytest.param(found, id=page)


@pytest.mark.parametrize("found", list(blocks()))
def test_examples(found):
    """A line with an arrow in its comment shows what stands there."""
    names, compared = {}, 0
    for block in found:
        lines = block.splitlines()
        for part in ast.parse(block).body:
            arrow = re.search(r"  # -> (.*)$", lines[part.end_lineno - 1])
            if not arrow:
                exec(compile(ast.Module([part], []), "example", "exec"), names)
                continue
            value = eval(compile(ast.Expression(part.value), "example", "eval"), names)
            assert arrow[1] in (str(value), repr(value)), block
            compared += 1
    assert compared >= 8


def test_a_signature_as_a_reader_sees_it(page):
    """The true one, although the class that it inherits from is a stand-in while the page is made."""
    assert page["convattn.CBAM"].strip() == (
        "class CBAM( channels, reduction=16, *, hidden=None, kernel_size=7, order='channel-spatial', "
        "channel_pools=('avg', 'max'), spatial_pools=('avg', 'max'), bias=True, norm=True, gate_fn=torch.sigmoid)"
    )


def test_every_public_class_and_function_is_on_a_page(page):
    documented = [resolve_name(name) for name in page]  # each of which exists
    missing, looked = [], 0
    for found in pkgutil.walk_packages(convattn.__path__, "convattn."):
        if found.name in NOT_LISTED or any(part.startswith("_") for part in found.name.split(".")):
            continue
        for name, thing in vars(import_module(found.name)).items():
            public = callable(thing) and not name.startswith("_") and getattr(thing, "__module__", "") == found.name
            looked += public
            if public and not any(thing is other for other in documented):
                missing.append(f"{found.name}.{name}")
    assert missing == []
    assert looked > 60


def test_folds_say_what_is_in_them(root):
    """The title of each fold is the first line of its module's docstring."""
    found = re.findall(
        r"\{dropdown\} `([\w.]+)` (.*)\n```\{eval-rst\}\n.. automodule:: (\S+)", (root / PAGES["api-lab"]).read_text()
    )
    assert len(found) >= 25
    for short, title, name in found:
        assert name == f"convattn.lab.{short}"
        assert import_module(name).__doc__.splitlines()[0].replace("*", "") == title
