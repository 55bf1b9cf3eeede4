"""The API page, built with the book's own configuration: without importing torch, and complete."""

import pkgutil
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name

import bs4
import pytest

import convattn

NOT_LISTED = {"convattn.lab.proof.bugs"}  # wrong on purpose, for tests and exercises


@pytest.fixture(scope="module")
def page(root, tmp_path_factory):
    """The API page as HTML: full name and signature as shown."""
    folder = tmp_path_factory.mktemp("book")
    (folder / "book").mkdir()
    for name in ("src", "book/_ext", "book/_static", "book/_templates", "book/references.bib", "book/api.md"):
        (folder / name).symlink_to(root / name)
    (folder / "_toc.yml").write_text("format: jb-book\nroot: book/api\n")
    # colab_copies would need the chapters and tools/
    config = (root / "_config.yml").read_text().replace("    colab_copies: book/_ext\n", "")
    (folder / "_config.yml").write_text(config)
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-W", "-n", "--keep-going"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    html = bs4.BeautifulSoup((folder / "_build/html/book/api.html").read_text(), "html.parser")
    for link in html.select("a.headerlink, a.viewcode-link"):
        link.decompose()
    return {t["id"]: re.sub(r"\s+", " ", t.get_text()).replace(", )", ")") for t in html.select("dt.sig[id]")}


def test_a_signature_as_a_reader_sees_it(page):
    """The true one, although the class that it inherits from is a stand-in while the page is made."""
    assert page["convattn.CBAM"].strip() == (
        "class CBAM( channels, *, reduction=16, hidden=None, kernel_size=7, order='channel-spatial', "
        "channel_pools=('avg', 'max'), spatial_pools=('avg', 'max'), bias=True, norm=True, gate_fn=torch.sigmoid)"
    )


def test_every_public_class_and_function_is_on_the_page(page):
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
