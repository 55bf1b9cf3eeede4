"""What a network costs, counted: parameters, multiply-accumulates, elements moved, bytes kept for the backward pass.

``python -m convattn.overhead resnet50 --attention cbam`` prints the table of a network; ``--help`` lists the options.
"""

from convattn.overhead.counting import Cost, grouped, overhead, total
from convattn.overhead.formulas import Formula, cbam_formula, se_formula
from convattn.overhead.text import as_text

__all__ = ["Cost", "Formula", "as_text", "cbam_formula", "grouped", "overhead", "se_formula", "total"]
