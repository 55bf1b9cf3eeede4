"""What a page displays: the style of figures, coloured cells, figures with a slider, tables, and a photograph."""

from convattn.lab.show.cells import ByHand, Cells, Step, cbam_by_hand
from convattn.lab.show.gates import edges_first, show_gates
from convattn.lab.show.slider import Frames
from convattn.lab.show.style import headline, panels, pictures, use_style
from convattn.lab.show.table import Table

__all__ = [
    "ByHand",
    "Cells",
    "Frames",
    "Step",
    "Table",
    "cbam_by_hand",
    "edges_first",
    "headline",
    "panels",
    "pictures",
    "show_gates",
    "use_style",
]
