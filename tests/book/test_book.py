"""The rules of the book that a machine can check: what is stored in the chapters, and what their pages promise.

nbval compares the outputs; here is what it does not look at, and what a reader would miss in no error message.
"""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
HIDDEN = re.compile(r"(^|/)[._]")
PAGES = sorted(
    p for p in BOOK.rglob("*.*") if p.suffix in (".md", ".ipynb") and not HIDDEN.search(str(p.relative_to(BOOK)))
)
CHAPTERS = [p for p in PAGES if p.suffix == ".ipynb"]
TAGS = {"setup", "remove-cell", "remove-input", "hide-input", "nbval-ignore-output"}
TIMING = re.compile(r"perf_counter|timeit|benchmark|Timer\(|alternate\(")
FRAMES = '<figure class="frames"'
DRAWINGS = {"image/svg+xml", "image/png"}
# written in pieces, so that this file does not hold what it forbids
HOSTS = re.compile("py" r"pi\.org|python" "hosted|npm" r"js\.org|deb" r"ian\.org|download\.py" "torch")
PATHS = re.compile("/wo" "rk/|/r" r"oot/|/ho" r"me/\w|/Us" r"ers/\w")
FILE_NAME = re.compile(r"\.(png|svg|jpe?g|gif|webp)\s*$|^\.{0,2}/", re.IGNORECASE)


def load(path):
    return nbformat.read(path, as_version=4)


def tags(cell):
    return set(cell.metadata.get("tags", []))


def html_of(cell):
    return "".join(o.get("data", {}).get("text/html", "") for o in cell.get("outputs", []))


def markdown_of(path):
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    return "\n\n".join(c.source for c in load(path).cells if c.cell_type == "markdown")


def without_code(text):
    """Return Markdown without code: fences that are no directive, and inline code."""
    text = re.sub(r"(?ms)^(`{3,}|~{3,})(?!\{)[^\n]*\n.*?^\1\s*$", "", text)
    return re.sub(r"(?<!\})(`+)(?!`).+?(?<!`)\1(?!`)", "", text)


def tracked():
    """Return every file that is or would be committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


chapters = pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.stem)
COURSE = [p for p in CHAPTERS if re.match(r"(?!00)\d\d-", p.name) and p.parent == BOOK]
LABORATORY = [p for p in CHAPTERS if p.parent == BOOK / "lab"]
course = pytest.mark.parametrize("path", COURSE, ids=lambda p: p.stem)
laboratory = pytest.mark.parametrize("path", LABORATORY, ids=lambda p: p.stem)
numbered = pytest.mark.parametrize("path", COURSE + LABORATORY, ids=lambda p: p.stem)
pages = pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)


def test_there_are_chapters():
    assert CHAPTERS


@chapters
def test_outputs_are_stored(path):
    notebook = load(path)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.language_info == {"name": "python"}
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    code = [c for c in notebook.cells if c.cell_type == "code"]
    assert all(c.source.strip() for c in code), "an empty code cell"
    # nbval compares nothing in a cell without execution count
    assert [c.execution_count for c in code] == list(range(1, len(code) + 1)), "run: make execute"
    for cell in code:
        assert "execution" not in cell.metadata, "timestamps differ in each run: make execute leaves them out"
        assert not [o for o in cell.outputs if o.output_type == "error"], cell.source
        assert not [o for o in cell.outputs if o.get("name") == "stderr"], cell.source
        shown = sum(o.get("data", {}).get("text/plain", "").startswith("<Figure") for o in cell.outputs)
        # nbval compares no drawing, so it would not notice that one is missing
        drawn = [data for o in cell.outputs if (data := o.get("data", {})).keys() & DRAWINGS]
        assert sum(data["text/plain"].startswith("<Figure") for data in drawn) == shown, cell.source
        assert all("<svg" in data.get("image/svg+xml", "<svg") for data in drawn), cell.source


@chapters
def test_cells(path):
    cells = load(path).cells
    assert cells[0].cell_type == "code"
    assert cells[0].metadata.tags == ["setup", "remove-cell"]
    assert cells[0].source == load(CHAPTERS[0]).cells[0].source, "the setup cell is the same in all chapters"
    assert 'find_spec("convattn")' in cells[0].source
    assert "raise " in cells[0].source
    for cell in cells:
        assert cell.cell_type in ("code", "markdown")
        assert tags(cell) <= TAGS, cell.source
    for cell in cells[1:]:
        assert not tags(cell) & {"setup", "remove-cell"}, cell.source
        if cell.cell_type == "code":
            # all of CBAM, at most 25 lines, stands in one cell of the ten-minute page with what it imports
            longest = 30 if "\nclass CBAM(" in cell.source else 20 if "hide-input" in tags(cell) else 14
            assert len(cell.source.splitlines()) <= longest, cell.source
            assert not re.search(r"(?im)^\s*#\s*(nbval|pytest)", cell.source), "use cell tags"
            assert not re.search(r"(?m)^\s*[!%]", cell.source), "plain Python, so that it runs anywhere"
            assert ("remove-input" in tags(cell)) == ("Playground(" in cell.source), (
                cell.source
            )  # other code shows, or folds
            if "nbval-ignore-output" in tags(cell):
                assert FRAMES in html_of(cell) or TIMING.search(cell.source), cell.source


def test_the_class_to_copy_is_short():
    (cell,) = [c for c in load(BOOK / "00-cbam-in-ten-minutes.ipynb").cells if "\nclass CBAM(" in c.source]
    (cls,) = [node for node in ast.parse(cell.source).body if isinstance(node, ast.ClassDef)]
    assert cls.end_lineno - cls.lineno < 25


@chapters
def test_figures_have_alternative_text(path):
    for cell in load(path).cells:
        texts = re.findall(r'<(?:img|div class="frame")[^>]*?\b(?:alt|aria-label)="([^"]*)"', html_of(cell))
        assert len(texts) == len(re.findall(r'<img|<div class="frame"', html_of(cell))), cell.source
        if any(DRAWINGS & o.get("data", {}).keys() for o in cell.get("outputs", [])):
            texts.append(cell.metadata.get("mystnb", {}).get("image", {}).get("alt", ""))
        for text in texts:
            assert len(text) >= 40, f"say what is to be seen: {text!r}\n{cell.source}"
            assert not FILE_NAME.search(text), text


def test_each_chapter_has_its_laboratory_notebook():
    assert [f"L{int(p.stem[:2])}{p.stem[2:]}" for p in COURSE] == [p.stem for p in LABORATORY]


@course
def test_anatomy(path):
    """Question, answer and time first; the module's own code; what holds; what to keep; three questions to oneself."""
    text = markdown_of(path)
    headings = re.findall(r"(?m)^#+ (.+)$", text)
    assert len(re.findall(r"(?m)^# ", text)) == 1
    assert {"By hand", "Takeaway", "Exercises"} <= set(headings)
    assert any(heading.startswith("What the papers measured") for heading in headings)
    first = text.split("\n\n")
    assert re.match(r"\*\*[^*]+\?\*\* \S", first[1]), "the question, and its answer"
    assert first[2].startswith("**Time:** 15 minutes.")
    twin = f"lab/L{int(path.stem[:2])}{path.stem[2:]}.ipynb"
    assert f"]({twin})" in first[2]
    assert "{module-code} convattn." in text
    assert len(re.findall(r"\{verdict\}`", text)) >= 2
    assert "If you remember one thing" in text
    takeaway = re.split(r"(?m)^## ", text)[headings[1:].index("Takeaway") + 1]
    assert len(re.findall(r"(?m)^`{3,}\{dropdown\} \d\. .*\?$", takeaway)) == 3


@laboratory
def test_anatomy_of_a_laboratory_notebook(path):
    """The question first; what the results show and what they do not; the chapter that it belongs to."""
    text = markdown_of(path)
    assert re.match(r"# L\d\. ", text)
    assert len(re.findall(r"(?m)^# ", text)) == 1
    assert re.match(r"\*\*[^*]+\?\*\* \S", text.split("\n\n")[1])
    (chapter,) = [p for p in COURSE if int(p.stem[:2]) == int(path.stem[1])]
    assert f"](../{chapter.name})" in text.split("\n\n")[1]
    assert "**Protocol" in text
    assert re.search(r"(?m)^## What these results show$.*^\*\*These results do not show\*\*", text, re.DOTALL)


def test_every_piece_of_evidence_is_used():
    """A label of evidence stands in the laboratory, and another page leads to it."""
    texts = {path: markdown_of(path) for path in PAGES}
    labels = {label: p for p, text in texts.items() for label in re.findall(r"(?m)^\((evidence-[a-z-]+)\)=$", text)}
    assert {path.parent.name for path in labels.values()} == {"lab"}
    for label, path in labels.items():
        assert any(f"]({label})" in text for other, text in texts.items() if other != path), label


@numbered
def test_code_in_sight(path):
    """What makes tables, labels axes or (in the course) asserts is folded, but in solutions, which are folds."""
    inside = False
    for cell in load(path).cells:
        if cell.cell_type == "markdown":
            for found in re.findall(r"(?m)^`{3,}\{solution-(start|end)\}", cell.source):
                inside = found == "start"
        elif not inside and not tags(cell) & {"hide-input", "remove-cell", "remove-input"}:
            assert not re.search(r"\bTable\(|\bsubplots\(|\bpanels\(|\bax\.", cell.source), cell.source
            assert path not in COURSE or not re.search(r"(?m)^\s*assert\b", cell.source), cell.source


@numbered
def test_exercises(path):
    """Three in the course, some in the laboratory, each with a hint and a solution that runs and asserts."""
    exercises, solutions, current = {}, {}, None
    for cell in load(path).cells:
        if cell.cell_type == "code":
            if current is not None:
                solutions[current].append(cell.source)
            continue
        text = cell.source
        for found in re.finditer(
            r"(?ms)^`{3,}\{exercise-start\}[^\n]*\n:label: (\S+).*?^`{3,}\s*$(.*?)^`{3,}\{exercise-end\}", text
        ):
            exercises[found[1]] = found[2]
        for found in re.finditer(r"(?m)^`{3,}\{solution-(start|end)\} ?(\S*)", text):
            current = found[2] if found[1] == "start" else None
            if current is not None:
                solutions[current] = []
    assert current is None, f"solution {current} has no end"
    assert len(exercises) == 3 if path in COURSE else 1 <= len(exercises) <= 4
    assert set(solutions) == set(exercises)
    for label, text in exercises.items():
        assert re.search(r"\{dropdown\} Hint", text), f"{label} has no hint"
        trees = [ast.parse(source) for source in solutions[label]]
        assert any(isinstance(node, ast.Assert) for tree in trees for node in ast.walk(tree)), (
            f"{label}: nothing asserted"
        )


@pages
def test_markdown(path):
    text = without_code(markdown_of(path))
    assert not re.search(r"(?m)^\s*[-*+] \[[ xX]\]", text), "a task list has unlabelled checkboxes"
    assert not re.search(r"(?m)^\s*</?(?!https?:)[a-z][a-z0-9]*[\s>]", text), "raw HTML"
    for target in re.findall(r"\]\(<?([^)>\s]+)>?\)", text):
        if not re.match(r"[a-z]+:|#", target) and "." in target:  # without a dot: a label, which Sphinx checks
            assert (path.parent / target.split("#")[0]).is_file(), target
    for kind, target, options in re.findall(r"(?m)^[`:]{3,}\{(figure|image)\} (\S+)\n((?::.*\n)*)", text + "\n"):
        assert (path.parent / target).is_file(), target
        alt = re.search(r"(?m)^:alt: (.*)$", options)
        assert alt, f"{kind} {target} has no :alt:"
        assert len(alt[1]) >= 40, alt[1]
        assert not FILE_NAME.search(alt[1])
    assert not re.search(r"!\[", text), "use {figure} or {image} with :alt:"


def test_table_of_contents():
    """Every page that exists is in _toc.yml, and every entry exists: a notebook that nothing lists is a defect."""
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text())
    listed = [parts["root"]] + [c["file"] for part in parts["parts"] for c in part["chapters"]]
    assert len(listed) == len(set(listed))
    assert sorted(listed) == sorted(str(p.relative_to(ROOT).with_suffix("")) for p in PAGES)


def test_make_runs_every_notebook():
    """What the Makefile runs, compares and executes is what _toc.yml lists, wherever it lies under book/."""
    shown = subprocess.run(["make", "-pn", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = re.search(r"(?m)^NOTEBOOKS\s*:=\s*(.*)$", shown)[1].split()
    assert [ROOT / name for name in found] == CHAPTERS


def test_links_of_the_other_documents():
    documents = [p for p in tracked() if p.parent == ROOT and p.suffix == ".md"]
    assert ROOT / "README.md" in documents
    for path in documents:
        for target in re.findall(r"\]\(<?([^)>\s]+)>?\)", without_code(path.read_text(encoding="utf-8"))):
            if not re.match(r"[a-z]+:|#", target):
                assert (ROOT / target.split("#")[0]).exists(), f"{path.name}: {target}"


def test_no_machine_is_in_the_files():
    """No address of a package index, and no path of the machine on which something was written."""
    looked = 0
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        looked += 1
        for pattern in (HOSTS, PATHS):
            found = pattern.search(text)
            assert not found, f"{path.relative_to(ROOT)}: {found[0]}"
    assert looked > 20


def test_requirements_are_pinned_and_the_package_is_not():
    pin = re.compile(r"[A-Za-z0-9_.-]+==[0-9][0-9A-Za-z.]*")
    lines = {}
    for name in ("requirements-book.txt", "requirements.txt"):
        text = [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith("#")]
        lines[name] = [line for line in text if line != "-r requirements-book.txt"]
        assert [line for line in lines[name] if not pin.fullmatch(line)] == []
    assert "-r requirements-book.txt" in (ROOT / "requirements.txt").read_text()
    assert not re.search(r"(?m)^(torch|numpy|matplotlib|scipy)==", "\n".join(lines["requirements-book.txt"]))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ranges = project["dependencies"] + [r for extra in project["optional-dependencies"].values() for r in extra]
    assert [r for r in ranges if not re.fullmatch(r"[a-z0-9_-]+>=[0-9.]+", r)] == []
