"""What the book measures with. The modules of ``convattn`` never import this package."""

from importlib.util import find_spec

_MISSING = [name for name in ("matplotlib", "numpy", "scipy", "tqdm") if find_spec(name) is None]
if _MISSING:
    raise ImportError(f"convattn.lab needs {', '.join(_MISSING)}: pip install 'convattn[lab]'")
