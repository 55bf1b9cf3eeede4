"""Look at the operations of an eager forward pass one by one: what each reads and writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

# The operations that multiply and accumulate; matmul, einsum, linear and attention are made of them.
PRODUCTS = (
    *("convolution", "conv_tbc", "mm", "addmm", "_addmm_activation", "bmm", "baddbmm", "addbmm", "mv", "addmv"),
    *("dot", "vdot", "_trilinear", "_cdist_forward"),
)


class Operations(TorchDispatchMode):
    """Report each operation that moves elements: its name, how many it reads and how many it writes."""

    def __init__(self, report: Callable[[str, int, int], None]) -> None:
        super().__init__()
        self.report = report

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        inputs, outputs = _tensors(args), _tensors([result])
        if "batch_norm" in name:
            outputs = outputs[:1]  # the statistics that follow have elements on the meta device alone
        if not func._schema.is_mutable:  # an in-place operation does write the memory of its input
            held = {storage(t) for t in inputs}
            outputs = [t for t in outputs if storage(t) not in held]  # views write nothing
        if written := sum(t.numel() for t in outputs):
            self.report(name, sum(t.numel() for t in inputs), written)
        return result


def storage(tensor: Tensor) -> int:
    """Return what tells one memory from another, also where there is none, as on the meta device."""
    return tensor.untyped_storage()._cdata


def _tensors(values: Iterable[Any]) -> list[Tensor]:
    flat = (v for value in values for v in (value if isinstance(value, list | tuple) else (value,)))
    return [v for v in flat if isinstance(v, Tensor)]
