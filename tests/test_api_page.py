"""The API page, built with the book's own configuration, against the objects that it describes.

The page is made without importing torch, NumPy and the like; here they are imported, and ``inspect.signature`` is the
truth.
"""

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import bs4
import pytest

import convattn
import convattn.lab

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The API page as HTML: {full name: (signature as shown, text of the entry)}."""
    folder = tmp_path_factory.mktemp("book")
    (folder / "book").mkdir()
    for name in (
        "_config.yml",
        "src",
        "book/_ext",
        "book/_static",
        "book/_templates",
        "book/references.bib",
        "book/api.md",
    ):
        (folder / name).symlink_to(ROOT / name)
    (folder / "_toc.yml").write_text("format: jb-book\nroot: book/api\n")
    # colab_copies would need the chapters and tools/
    config = (ROOT / "_config.yml").read_text().replace("    colab_copies: book/_ext\n", "")
    (folder / "_config.yml").unlink()
    (folder / "_config.yml").write_text(config)
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-W", "-n", "--keep-going"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    html = bs4.BeautifulSoup((folder / "_build/html/book/api.html").read_text(), "html.parser")
    entries = {}
    for term in html.select("dt.sig[id]"):
        for link in term.select("a.headerlink, a.viewcode-link"):
            link.decompose()
        shown = re.sub(r"\s+", " ", term.get_text()).replace(", )", ")")
        entries[term["id"]] = shown, term.find_next_sibling("dd").get_text(" ", strip=True)
    return entries


def resolve(name):
    """Return (module, object) for a dotted name."""
    parts = name.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        thing = module
        for part in parts[end:]:
            thing = getattr(thing, part)
        return module, thing
    raise AssertionError(f"the page describes {name}, which does not exist")


def shown_parameters(signature, module):
    """Return [(name, kind, default)] of ``name(a, *, b=1)`` as it stands on the page."""
    call = signature[signature.index("(") :].replace("’", "'").replace("‘", "'")
    arguments = ast.parse(f"def f{call}: ...").body[0].args
    home = vars(inspect.getmodule(module))
    parameter = inspect.Parameter

    def value(node):
        return parameter.empty if node is None else comparable(eval(ast.unparse(node), dict(home)))

    positional = arguments.posonlyargs + arguments.args
    defaults = [None] * (len(positional) - len(arguments.defaults)) + arguments.defaults
    kinds = [parameter.POSITIONAL_ONLY] * len(arguments.posonlyargs) + [parameter.POSITIONAL_OR_KEYWORD] * len(
        arguments.args
    )
    found = [(a.arg, kind, value(d)) for a, kind, d in zip(positional, kinds, defaults, strict=True)]
    if arguments.vararg:
        found.append((arguments.vararg.arg, parameter.VAR_POSITIONAL, parameter.empty))
    found += [
        (a.arg, parameter.KEYWORD_ONLY, value(d))
        for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    if arguments.kwarg:
        found.append((arguments.kwarg.arg, parameter.VAR_KEYWORD, parameter.empty))
    return found


def comparable(default):
    """Return a default value, or the arguments of a lambda: Sphinx shows ``lambda x: ...`` for its body."""
    if getattr(default, "__name__", "") == "<lambda>":
        return inspect.signature(default)
    return default


def test_signatures_are_true(page):
    compared = 0
    for name, (signature, _) in page.items():
        _, thing = resolve(name)
        if "(" not in signature:
            assert not inspect.isroutine(thing), name
            continue
        module = sys.modules[(thing.fget if isinstance(thing, property) else thing).__module__]
        expected = [(p.name, p.kind, comparable(p.default)) for p in inspect.signature(thing).parameters.values()]
        if expected and expected[0][0] == "self":
            expected = expected[1:]
        assert shown_parameters(signature, module) == expected, name
        compared += 1
    assert compared > 20


def test_one_signature_as_a_reader_sees_it(page):
    """Written out from the design notes: the interface that others rely on."""
    assert page["convattn.CBAM"][0].strip() == (
        "class CBAM( channels, *, reduction=16, hidden=None, kernel_size=7, order='channel-spatial', "
        "channel_pools=('avg', 'max'), spatial_pools=('avg', 'max'), bias=True, norm=True, gate_fn=torch.sigmoid)"
    )


def test_every_public_name_is_on_the_page(page):
    public = {f"convattn.{name}" for name in convattn.__all__}
    members = ("logits", "gate", "gates", "forward")
    public |= {f"{c}.{m}" for c in public for m in members if m in vars(getattr(convattn, c.split(".")[1]))}
    for found in pkgutil.iter_modules(convattn.lab.__path__, "convattn.lab."):
        if found.name == "convattn.lab.broken":  # wrong on purpose, for tests and exercises
            continue
        module = importlib.import_module(found.name)
        public |= {
            f"{found.name}.{name}"
            for name, thing in vars(module).items()
            if not name.startswith("_")
            and getattr(thing, "__module__", "") == found.name
            and (inspect.isclass(thing) or inspect.isfunction(thing))
        }
    assert len(public) > 20
    assert sorted(public - set(page)) == []


def test_every_entry_says_something(page):
    assert [name for name, (_, text) in page.items() if len(text) < 20] == []
