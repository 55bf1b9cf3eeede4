"""The code of a module on a page: its own lines, without what a reader does not need."""

import ast
import textwrap

import module_code
import pytest
import small_book
import torch
from bs4 import BeautifulSoup
from torch import nn

from convattn import CBAM, ChannelAttention, SpatialAttention, SqueezeExcitation, _checks

SOURCE = '''
class Other:
    pass


class Thing(nn.Module):
    """A docstring."""

    def __init__(self, width: int, *, names: Sequence[str] = ("a", "b"), act: Callable[[Tensor], T] = relu) -> None:
        """Another."""
        super().__init__()
        if width < 1:
            raise ValueError("no")
        # why it is so
        self.width = _checks.at_least_one("width", width)  # (C)
        _checks.feature_map(width)

    def forward(self, x: Tensor) -> Tensor:
        # at the start
        if x is None:
            _checks.nothing()
            return 1  # a comment
        if self.width:
            raise ValueError
        else:
            return 2

    @property
    def twice(self) -> int:
        return 2

    def _load(self) -> None:
        self.width = 3

    def extra_repr(self) -> str:
        return ""
'''
SHOWN = """
class Thing(nn.Module):
    def __init__(self, width, *, names=("a", "b"), act=relu):
        super().__init__()
        # why it is so
        self.width = _checks.at_least_one("width", width)  # (C)

    def forward(self, x):
        # at the start
        if x is None:
            return 1  # a comment
        if self.width:
            raise ValueError
        else:
            return 2
"""


def test_lines_that_are_shown():
    assert module_code.shown(SOURCE, "Thing", {"__init__", "forward"}) == SHOWN.lstrip()
    whole = module_code.shown(SOURCE, "Thing")
    assert "def extra_repr(self):" in whole
    assert "twice" not in whole
    assert "_load" not in whole


@pytest.mark.parametrize("cls", [SqueezeExcitation, ChannelAttention, SpatialAttention])
def test_what_is_shown_is_the_module(root, cls):
    """Run what the page shows: it computes what the module does."""
    path = root / "src" / cls.__module__.replace(".", "/")
    text = module_code.shown(path.with_suffix(".py").read_text(), cls.__name__)
    names = {"nn": nn, "torch": torch, "_checks": _checks}
    exec(compile(ast.parse(text), "shown", "exec"), names)
    options = {} if cls is SpatialAttention else {"channels": 8, "hidden": 2}
    ours, true = names[cls.__name__](**options), cls(**options)
    ours.load_state_dict(true.state_dict())
    x = torch.arange(2 * 8 * 5 * 4).reshape(2, 8, 5, 4).remainder(7).float()
    assert torch.equal(ours(x), true(x))


def test_a_function():
    source = '''def cost(a: int, *, b: int = 2) -> int:
    """A docstring."""
    if a < 1:
        raise ValueError
    return a * b  # all
'''
    assert module_code.shown(source, "cost") == "def cost(a, *, b=2):\n    return a * b  # all\n"


def test_too_long_or_unknown(root):
    source = (root / "src/convattn/cbam.py").read_text()
    with pytest.raises(ValueError, match=r"CBAM has \d+ lines to show, at most 35: name the functions with :methods:"):
        module_code.shown(source, CBAM.__name__)
    with pytest.raises(ValueError, match="there is no class or function Nothing"):
        module_code.shown(source, "Nothing")
    with pytest.raises(ValueError, match="CBAM has no a, b"):
        module_code.shown(source, "CBAM", {"b", "a", "gate"})
    wide = f"class A:\n    def b(self):\n        return '{'x' * 72}'\n"  # 89 characters
    with pytest.raises(ValueError, match="a line of A is wider than 88 characters: return 'x"):
        module_code.shown(wide, "A")
    assert module_code.shown(wide.replace("xx", "x", 1), "A").endswith("x'\n")


def test_on_a_page(tmp_path):
    page = "# A page\n\nWords.\n\n```{module-code} convattn.cbam.CBAM\n:methods: gate forward\n```\n"
    site = small_book.built(tmp_path, {"index.md": page})
    code = BeautifulSoup((site / "book/index.html").read_text(), "html.parser").select_one("div.highlight-python pre")
    assert code.get_text().startswith("class CBAM(nn.Module):\n    def gate(self, x):\n")


def test_a_faulty_name_stops_the_build(tmp_path):
    done = small_book.build(tmp_path, {"index.md": "# A page\n\n```{module-code} convattn.cbam.CBAN\n```\n"})
    assert done.returncode != 0
    assert "module-code convattn.cbam.CBAN: there is no class or function CBAN" in textwrap.dedent(done.stderr)
