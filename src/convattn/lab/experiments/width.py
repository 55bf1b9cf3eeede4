"""Do gates fail that have more hidden units? It follows up ``start``, whose result was against its explanation.

Gates with biases of 0 failed about as often. Watching four failed runs showed hidden units that fell silent, or always
active, in the first 40 steps. Protocol, fixed before the run: "gate" (4 hidden units) and "wide gate" (16), seeds 0 to
39, otherwise as in ``start``. Expected: in ``start`` 7 of 80 gates failed; if all four units have to be lost for that,
each with the same chance and independently, the chance is (7/80)^(1/4) = 0.54 a unit, and that of losing 16 is
0.54^16 = 0.0001: no wide gate fails.
"""

from convattn.lab.experiments.start import run

__all__ = ["ARMS", "SEEDS", "run"]
ARMS = {"kind": ("gate", "wide gate")}
SEEDS = range(40)
