"""Check that each variable of `make test-portable` took effect in this process, and stop if one did not.

Run it inside the environment to be checked: ``env $(PORTABLE) python tools/check_portable.py``. The names of the
variables and of the CPU features are settings of torch, oneDNN, MKL, OpenBLAS and NumPy; a misspelt one is
ignored without a word, so each is observed here in the library that reads it.
"""

from __future__ import annotations

import ctypes
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# The libraries behind torch tell on stdout what they run on, in this small piece of work.
WORK = "import torch; x = torch.ones(64, 64); x @ x; x.to_mkldnn()"


def openblas_cores() -> Iterator[tuple[str, str]]:
    """Yield (package, name of the core type) for each OpenBLAS that a wheel brought."""
    import numpy
    import scipy

    for package in (numpy, scipy):
        folder = Path(package.__file__).parents[1] / f"{package.__name__}.libs"
        for path in folder.glob("lib*openblas*"):
            library = ctypes.CDLL(str(path))
            name = next(
                n for n in ("scipy_openblas_get_corename64_", "scipy_openblas_get_corename") if hasattr(library, n)
            )
            function = getattr(library, name)
            function.restype = ctypes.c_char_p
            yield package.__name__, function().decode()


def observations() -> Iterator[tuple[str, str, bool]]:
    """Yield (variable, what was observed, whether it is what the variable asks for)."""
    import torch
    from numpy._core._multiarray_umath import __cpu_features__ as features

    threads = torch.get_num_threads()
    yield "OMP_NUM_THREADS", f"torch uses {threads} thread(s)", threads == 1
    capability = torch.backends.cpu.get_cpu_capability()
    yield "ATEN_CPU_CAPABILITY", f"torch's kernels are {capability}", capability == "DEFAULT"
    verbose = {**os.environ, "ONEDNN_VERBOSE": "1", "MKL_VERBOSE": "1"}
    out = subprocess.run([sys.executable, "-c", WORK], env=verbose, capture_output=True, text=True, check=True).stdout
    isa = re.search(r"info,cpu,isa:([^\n]*)", out)
    yield "ONEDNN_MAX_CPU_ISA", f"oneDNN uses {isa and isa[1]}", bool(isa) and isa[1] == "Intel SSE4.1"
    mode = re.search(r"GEMM\(.* CNR:(\S+)", out)
    yield "MKL_CBWR", f"MKL's matrix product is in mode {mode and mode[1]}", bool(mode) and mode[1] == "COMPATIBLE"
    cores = list(openblas_cores())
    yield "OPENBLAS_CORETYPE", f"OpenBLAS uses {cores}", bool(cores) and {c for _, c in cores} == {"Nehalem"}
    on = [name for name in ("X86_V3", "X86_V4") if features[name]]
    yield "NPY_DISABLE_CPU_FEATURES", f"NumPy uses {on or 'neither X86_V3 nor X86_V4'}", not on


def main() -> int:
    """Print each observation; return 1 if one contradicts its variable."""
    if platform.machine() not in ("x86_64", "AMD64"):
        print(f"These variables are for x86-64; this machine is {platform.machine()}: not checked")
        return 0
    bad = 0
    for variable, seen, ok in observations():
        print(f"{'ok ' if ok else 'BAD'} {variable}={os.environ.get(variable, '')}: {seen}")
        bad += not ok
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
