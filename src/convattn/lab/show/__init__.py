"""What a page displays: the style of figures, coloured cells, figures with a slider, tables, and a photograph."""

from convattn.lab.show.by_hand import step_by_step
from convattn.lab.show.cells import ByHand, Cells, Step
from convattn.lab.show.changes import show_changes
from convattn.lab.show.gates import edges_first, noise_gate, show_gates
from convattn.lab.show.names import display_name
from convattn.lab.show.playground import Playground
from convattn.lab.show.slider import Frames
from convattn.lab.show.style import headline, panels, pictures, use_style
from convattn.lab.show.table import Table

__all__ = [
    "ByHand",
    "Cells",
    "Frames",
    "Playground",
    "Step",
    "Table",
    "display_name",
    "edges_first",
    "headline",
    "noise_gate",
    "panels",
    "pictures",
    "show_changes",
    "show_gates",
    "step_by_step",
    "use_style",
]
