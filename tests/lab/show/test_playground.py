"""The playground's HTML: self-contained and small. tools/check_playground.mjs compares its numbers with the modules."""

import re
from pathlib import Path
from typing import get_args

import pytest

from convattn.lab.show import Playground, playground

FOLDER = Path(playground.__file__).parent


def test_it_is_self_contained_and_small():
    page = Playground(summary="Try it")._repr_html_()
    assert set(re.findall(r"https?://[^/\"']*", page)) == {"http://www.w3.org"}  # names of XML, which nobody opens
    assert not re.search(r"(?m)^\s*(import|export)\b|\bsrc=|\bfetch\(|@import|url\(", page)
    assert len(page.encode()) < 60_000
    assert page.count("</script>") == 1
    assert page == Playground(summary="Try it")._repr_html_()


def test_it_stays_small_enough_to_read():
    assert {path.suffix for path in FOLDER.glob("*.*")} == {".py", ".mjs", ".css"}
    files = [*FOLDER.glob("*.mjs"), *FOLDER.glob("*.css")]
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files) < 600


def test_the_presets_are_those_of_the_script():
    script = (FOLDER / "state.mjs").read_text(encoding="utf-8")
    presets = script[script.index("export const PRESETS") :]
    assert tuple(re.findall(r"(?m)^  (\w+): \{ title: ", presets)) == get_args(playground.Preset)


def test_folded_or_open():
    folded = Playground("peak", summary="a < b", uid="p")._repr_html_()
    assert '<details class="pg" id="p">\n<summary class="pg-open">a &lt; b</summary>' in folded
    assert 'id="p-ui" data-preset="peak"' in folded
    assert 'getElementById("p-ui")' in folded
    opened = Playground()._repr_html_()
    assert '<div class="pg" id="playground">' in opened
    assert "<summary" not in opened
    assert repr(Playground("shut")) == "<Playground: shut>"


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"preset must be one of 'start', 'peak', .*, got 'peaks'"):
        Playground("peaks")
    with pytest.raises(ValueError, match="uid must be a word of letters, digits, hyphens and underscores, got 'a b'"):
        Playground(uid="a b")
