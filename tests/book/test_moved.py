"""Old addresses of sections: a page sends its readers on, and the build stops at an address that leads nowhere."""

import json
import re

import pytest
import small_book

TOC = "root: book/index\nchapters:\n- file: book/other\n"
PAGES = {
    "index.md": "# First\n\nWords.\n\n## Here\n\nMore words.\n",
    "other.md": "# Other\n\nWords.\n\n## There\n\nMore.\n",
}


def test_a_page_sends_its_readers_on(tmp_path):
    places = {"gone": "book/other#there", "renamed": "book/index#here"}
    site = small_book.built(tmp_path, PAGES | {"moved.json": json.dumps({"book/index": places})}, toc=TOC)
    page = (site / "book/index.html").read_text()
    (shown,) = re.findall(r"<script>\{const to = (\{.*?\})\[location\.hash", page)
    assert json.loads(shown) == {"gone": "other.html#there", "renamed": "#here"}
    assert "location.hash" not in (site / "book/other.html").read_text()


@pytest.mark.parametrize(
    ("places", "says"),
    [
        ({"here": "book/other#there"}, "book/index still has the section here"),
        ({"gone": "book/other#nowhere"}, "book/index#gone leads to book/other#nowhere, which does not exist"),
        ({"gone": "book/nowhere#there"}, "book/index#gone leads to book/nowhere#there, which does not exist"),
    ],
)
def test_an_address_that_leads_nowhere(tmp_path, places, says):
    done = small_book.build(tmp_path, PAGES | {"moved.json": json.dumps({"book/index": places})}, toc=TOC)
    assert done.returncode
    assert f"book/moved.json: {says}" in done.stdout + done.stderr
