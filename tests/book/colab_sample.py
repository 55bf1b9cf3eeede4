"""A small book that uses every construct the pages may use, and its build with the extensions of the book."""

import io
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

CONFIG = {
    "extensions": [
        "myst_nb", "sphinx_design", "sphinx_exercise", "sphinxcontrib.bibtex", "citation_style", "colab_copies",
        "light_pages",
    ],
    "root_doc": "book/index",
    "include_patterns": ["book/**"],
    "nb_execution_mode": "off",
    "myst_enable_extensions": ["amsmath", "colon_fence", "deflist", "dollarmath"],
    "bibtex_bibfiles": ["book/references.bib"],
    "bibtex_default_style": "author_year",
    "bibtex_reference_style": "author_year",
    "numfig": True,
    "html_theme": "sphinx_book_theme",
    "html_copy_source": False,
}  # fmt: skip

PAGES = {
    "index.md": """# Book

```{toctree}
:numbered:
01-sample
notation
```

```{bibliography}
```
""",
    "references.bib": r"""
@article{hu2019se, author = {Hu, Jie and Shen, Li and Sun, Gang}, title = {Squeeze}, journal = {A Journal}, year = 2019}
@article{woo2018cbam, author = {Woo, Sanghyun and M{\"u}ller, Max}, title = {{CBAM}}, journal = {B}, year = 2018}
@misc{timm, author = {Ross Wightman}, title = {Image_models}, year = 2019, url = {https://example.org/timm}}
@misc{unread, author = {No One}, title = {Not cited}, year = 2020}
""",
    "notation.md": """# Notation

(notation-map)=
## Feature map

$$ x $$ (eq-map)

```{glossary}
gate
    A number.
```
""",
    "_static/block.svg": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 20" width="30" height="20"/>',
}

TEXT = r"""# Squeeze and *excitation*

% a comment of ours
(gates)=
## Gates for `x`

{cite:t}`hu2019se` and {cite:p}`woo2018cbam,timm`; see {eq}`eq-gate`, {numref}`fig-block`,
{numref}`Drawing %s <fig-code>`, [](#gates), {ref}`there <notation-map>`, {eq}`eq-map`, {term}`gate`.

Links: [chapter 2](notation.md), [](notation.md), [*here*](#gates), [out](https://example.org/a_b).

Marks: a_b, \_c_, 2 \* 3 \* 4, \$5 < 6, \<b>, `` a`b ``, {sup}`2`, {sub}`3`, {abbr}`SE (squeeze)`, "quotes",
**bold $a_b * c_d$**, {math}`a_b`.

1\. is no list.

$$
s = \sigma(z) \\
  > t  % why
$$ (eq-gate)

\begin{align*}
a &= b
\end{align*}

| work | $\lvert x \rvert$ | where |
|:-----|--:|-------|
| {cite:t}`hu2019se` | 1.10 | {eq}`eq-gate`, `a\|b`, $\|x\|$ |

````{note}
A note with $a +
b$ and

$$ y = 1 $$ (eq-inner)

:::{tip}
:class: dropdown
Inside, {eq}`eq-inner`.
:::
````
````{admonition} What $r$ means
- one
  1. sub

  ```{warning}
  In a list
  ```
- two
````

> quoted

```{dropdown} A *hint* & $r_1 < r_2$
- hidden
```

3. three
4. four

```python
print("{cite:t}`hu2019se` in code")
```

```{figure} _static/block.svg
:alt: A block [with a gate]
:name: fig-block

The block, after {cite:t}`hu2019se`.
```
"""

EXERCISE = """## Exercises

```{exercise-start} Count
:label: ex-first
```

How many, by {eq}`eq-gate`?

```{exercise-end}
```

```{solution-start} ex-first
:class: dropdown
```

It is *this*:
"""

END = """```{solution-end}
```

```{exercise}
:label: ex-second
Add.
```

```{solution} ex-second
:class: dropdown
Two.
```
"""


def sample() -> NotebookNode:
    """Make the chapter; its code cells have run."""
    figure = {"figure": {"name": "fig-code", "caption": "Seen in {eq}`eq-gate`."}, "image": {"alt": "A line."}}
    hidden = {"mystnb": figure, "tags": ["hide-input", "nbval-ignore-output"]}
    cells = [
        new_code_cell("raise SystemExit", id="first", metadata={"tags": ["setup", "remove-cell"]}),
        new_markdown_cell(TEXT, id="text"),
        new_code_cell("import torch\n\ntorch.ones(1)", id="use"),
        new_code_cell("# A straight line\nplt.plot([0, 1])", id="draw", metadata=hidden),
        new_code_cell("secret = 1", id="gone", metadata={"tags": ["remove-cell"]}),
        new_markdown_cell(EXERCISE, id="exercise"),
        new_code_cell("assert 1 + 1 == 2", id="solved", metadata={"tags": ["nbval-ignore-output"]}),
        new_markdown_cell("And more.", id="more"),
        new_markdown_cell(END, id="end"),
        new_markdown_cell("% nothing is left of this cell", id="empty"),
    ]
    png = {"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"}
    for number, cell in enumerate((c for c in cells if c.cell_type == "code"), start=1):
        cell.execution_count = number
        cell.outputs = [nbformat.v4.new_output("display_data", data=png)]
    return new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})


def write(folder: Path, chapter: NotebookNode | None = None) -> None:
    """Write the book below a folder."""
    for name, text in PAGES.items():
        path = folder / "book" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    nbformat.write(chapter or sample(), folder / "book/01-sample.ipynb")


def build(folder: Path, builder: str = "colab") -> Path:
    """Build the book without a warning; gives the folder of the output."""
    warnings, out = io.StringIO(), folder / builder
    config = CONFIG | {"html_theme_options": {"navbar_persistent": []}}  # new each time, for extensions write into it
    with patch_docutils(), docutils_namespace():
        app = Sphinx(folder, None, out, folder / "doctrees", builder, config, status=None, warning=warnings)
        app.build()
    assert not warnings.getvalue(), warnings.getvalue()
    assert app.statuscode == 0
    return out
