"""What a page displays: the style of figures, figures with a slider, tables, and a photograph."""

from convattn.lab.show.slider import Frames
from convattn.lab.show.style import headline, use_style
from convattn.lab.show.table import Table

__all__ = ["Frames", "Table", "headline", "use_style"]
