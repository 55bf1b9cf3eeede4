"""A small book that uses every construct the chapters may use: the tests of the Colab copies convert it."""

from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image

BIB = """
@article{hu2019se, author = {Hu, Jie and Shen, Li and Sun, Gang}, title = {Squeeze}, journal = {A Journal}, year = 2019}
@article{woo2018cbam, author = {Woo, Sanghyun and M{\\"u}ller, Max}, title = {{CBAM}}, journal = {B}, year = 2018}
@misc{timm, author = {Ross Wightman}, title = {Image models}, year = 2019, url = {https://example.org/timm}}
@misc{unsigned, title = {No author}}
"""

NOTATION = """# Notation

(notation-map)=
## Feature map

$$ x $$ (eq-map)

```{figure} _static/block.svg
:name: fig-map

A map.
```

```{anything-goes} in pages that are no chapters
```
"""

TEXT = """# Squeeze and excitation

% a comment of ours
(gates)=
## Gates for {term}`channels <channel>`

{cite:t}`hu2019se` and {cite:p}`woo2018cbam,timm`; see {eq}`eq-gate`, {numref}`fig-block`,
{numref}`Drawing %s <fig-code>`, {ref}`gates`, {ref}`there <notation-map>`, {eq}`eq-map`,
{numref}`fig-map`, {term}`gate`, {doc}`notation` and {py:class}`convattn.CBAM`,
{py:func}`~torch.nn.functional.relu`, {math}`a_b`, {abbr}`SE (squeeze and excitation)`, x{sup}`2`, {ref}`ex-first`.
A literal ``{cite:t}`hu2019se` `` stays, as does `{eq}`.

Links: [notation](notation.md), [its map](notation.md#notation-map), [](notation.md),
[**bold {term}`gate`**](01-sample.ipynb),
[out](https://example.org/a_b), [](#notation-map), ![a plane](_static/block.svg).

$$
s = \\sigma(z)
$$ (eq-gate)

\\begin{align*}
a &= b
\\end{align*}

| work {term}`a` | where |
|------|-------|
| {cite:t}`hu2019se` | {eq}`eq-gate` and {eq}`eq-gate` |
| plain | $a$ |

+++

````{note}
A note with {cite:p}`hu2019se`, $a +
b$ {eq}`eq-gate` and

$$ y = 1 $$ (eq-inner)

:::{tip}
:class: dropdown
Inside, {eq}`eq-inner`.
:::
````
````{admonition} What $r$ means
:class: important
- one

  ```{warning} Careful
  with lists
  ```
- two with a role that goes over {term}`two
  lines`, in a list
````

> quoted {term}`gate`
> ```{dropdown} A *hint* & more
> hidden
> ```

```python
print("{cite:t}`hu2019se` in code")
```

```{code-block} python
x = 1
```

```{math}
:label: eq-last
z
```

```{figure} _static/block.svg
:alt: A block [with a gate]
:name: fig-block
:width: 480px

The block, after {cite:t}`hu2019se`.
```
"""

EXERCISE = """## Exercises

```{exercise-start} Count
:label: ex-first
```

How many, by {eq}`eq-last`?

```{dropdown} Hint
Multiply.
```

```{exercise-end}
```

```{solution-start} ex-first
:class: dropdown
```

It is *this*:
"""


def notebook() -> NotebookNode:
    """Make the chapter."""
    caption = {"name": "fig-code", "caption": "Seen in {eq}`eq-gate`."}
    figure = {"figure": caption, "image": {"alt": "A line."}}
    cells = [
        new_code_cell("raise SystemExit", id="first", metadata={"tags": ["setup", "remove-cell"]}),
        new_markdown_cell(TEXT, id="text"),
        new_code_cell("import torch\nimport convattn\n\nconvattn.CBAM(16)(torch.zeros(1, 16, 2, 2)).shape", id="use"),
        new_code_cell(
            "# A straight line\nimport matplotlib.pyplot as plt\n\nplt.plot([0, 1])",
            id="draw",
            metadata={"mystnb": figure, "tags": ["hide-input", "nbval-ignore-output"]},
        ),
        new_markdown_cell(EXERCISE, id="exercise"),
        new_code_cell("assert 1 + 1 == 2", id="solved", metadata={"tags": ["nbval-ignore-output"]}),
        new_markdown_cell("And more.", id="more"),
        new_markdown_cell("```{solution-end}\n```", id="end"),
        new_markdown_cell("% nothing is left of this cell", id="empty"),
    ]
    for number, cell in enumerate((c for c in cells if c.cell_type == "code"), start=1):
        cell.execution_count = number
        cell.outputs = [nbformat.v4.new_output("stream", text="stored\n")]
    return new_notebook(cells=cells)


def write(folder: Path) -> Path:
    """Write the book below a folder; gives the folder of its pages."""
    pages = folder / "book"
    (pages / "_static").mkdir(parents=True)
    (pages / "references.bib").write_text(BIB, encoding="utf-8")
    (pages / "notation.md").write_text(NOTATION, encoding="utf-8")
    (pages / "_static/block.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>')
    Image.new("P", (2, 2)).save(pages / "_static/block.png")
    nbformat.write(notebook(), pages / "01-sample.ipynb")
    return pages
