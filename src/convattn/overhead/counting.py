"""Count what a network costs: parameters, multiply-accumulates, elements moved, bytes kept for the backward pass."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from convattn.cbam import CBAM
from convattn.channel_attention import ChannelAttention
from convattn.overhead import _operations, _twin
from convattn.spatial_attention import SpatialAttention
from convattn.squeeze_excitation import SqueezeExcitation

_ATTENTION = (SqueezeExcitation, ChannelAttention, SpatialAttention, CBAM)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_LAYERS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, *_TRANSPOSED, nn.Linear)


class Cost(NamedTuple):
    """Cost of one submodule without what its own submodules cost, or a sum of such costs."""

    name: str  #: name of the submodule in the network, "" for the network itself; in a sum, what it is over
    kind: str  #: name of its class; "" in a sum
    attention: str | None  #: name of the attention module that it is or belongs to; None without, and in a sum
    operations: int = 0  #: operations of an eager forward pass that read or write elements; a view is none
    parameters: int = 0  #: number of parameters
    macs: int = 0  #: multiply-accumulates of convolutions and linear layers, without biases; half the FLOPs
    read: int = 0  #: elements that the operations read
    written: int = 0  #: elements that the operations write
    saved: int = 0  #: bytes that a forward pass in training keeps for the backward pass


def overhead(module: nn.Module, shape: Sequence[int], *, attention: Sequence[type[nn.Module]] = ()) -> list[Cost]:
    """Count what ``module`` costs, submodule by submodule.

    A copy of the module runs on PyTorch's meta device, which has shapes and no numbers: counts are exact, nothing is
    computed, and the module stays as it is. The copy has no hooks. Weights that are made anew in each pass (pruned,
    weight norm, spectral norm) count as weights; what makes them does not count. What an operation costs belongs to
    the innermost submodule that runs.

    A place of attention is a submodule of a class of this package, or of one in ``attention``, or one whose own name
    is "attention", with all that is inside. Attention of another package that has another name, such as the
    squeeze-and-excitation of torchvision or timm, counts as none unless its class is given.

    Elements are counted in an eager forward pass in eval mode without gradients. Each operation reads each of its
    tensors once, weights included, and writes its results once: a broadcast tensor counts as it is stored, a view moves
    nothing, batch norm writes its map alone, max pooling its map and the indices. No cache, no fusion.

    Bytes are counted after a forward pass in training mode, with an input that needs a gradient: all that autograd
    keeps, the input included, parameters and buffers not. Memory that several operations keep counts once, for the
    first. Batch norm that would refuse to train on one value per channel is counted as if it did not.

    Args:
        module: Any module that multiplies and accumulates in convolutions, transposed ones and nn.Linear alone.
        shape: Shape of its input, for an image network (B, 3, H, W).
        attention: More classes whose instances are attention.

    Returns:
        A row for each submodule that has parameters, runs operations or keeps bytes, outer ones first.

    Raises:
        ValueError: If ``module`` is no module, ``shape`` is not a sequence of whole numbers of at least 1, or
            ``attention`` has something that is not a class of modules; if a matrix product or convolution runs anywhere
            else, so that the count would be too small (a multiplication followed by a sum is not taken for one, here as
            in PyTorch's counter); or if a normalization other than batch norm refuses one value per channel.
    """
    if not isinstance(module, nn.Module):
        raise ValueError(f"module must be a torch.nn.Module, such as convattn.networks.resnet makes, got {module!r}")
    numbers = isinstance(shape, Sequence) and all(isinstance(n, Integral) and n >= 1 for n in shape)
    if isinstance(shape, Tensor) or not numbers:
        got = f"a tensor: pass its shape, {tuple(shape.shape)}" if isinstance(shape, Tensor) else repr(shape)
        raise ValueError(f"shape must be a sequence of whole numbers >= 1, such as (1, 3, 224, 224), got {got}")
    if not all(isinstance(kind, type) and issubclass(kind, nn.Module) for kind in attention):
        raise ValueError(f"attention must be a sequence of classes of modules, got {attention!r}")
    classes = (*_ATTENTION, *attention)
    twin = _twin.twin(module)
    parts = dict(twin.named_modules())
    rows = {name: Cost(name, type(part).__name__, _attention_of(name, parts, classes)) for name, part in parts.items()}
    running: list[str] = []  # names of the submodules that run, innermost last

    def add(name: str, **more: int) -> None:
        rows[name] = rows[name]._replace(**{field: getattr(rows[name], field) + n for field, n in more.items()})

    def end(part: nn.Module, inputs: tuple[Any, ...], options: dict[str, Any], output: Tensor) -> None:
        name = running.pop()
        if isinstance(part, _LAYERS) and not torch.is_grad_enabled():
            # weight[0] makes one output element, or goes to where one input element does
            ends = next(iter((*inputs, *options.values()))) if isinstance(part, _TRANSPOSED) else output
            add(name, macs=ends.numel() * part.weight[0].numel())

    def move(operation: str, read: int, written: int) -> None:
        part = parts[running[-1]]
        if operation in _operations.PRODUCTS and not isinstance(part, _LAYERS):
            kinds = ", ".join(layer.__name__ for layer in _LAYERS)
            raise ValueError(f"module must multiply in {kinds} alone, got {operation} in {type(part).__name__}")
        add(running[-1], operations=1, read=read, written=written)

    kept: list[weakref.ref[_Kept]] = []

    def keep(tensor: Tensor) -> _Kept:
        kept.append(weakref.ref(item := _Kept(running[-1], tensor.detach())))
        return item

    for name, parameter in module.named_parameters():
        owner = name.rpartition(".")[0]
        while owner not in rows:  # a weight's parametrization, which the twin has no more
            owner = owner.rpartition(".")[0]
        add(owner, parameters=parameter.numel())
    for name, part in parts.items():
        part.register_forward_pre_hook(lambda *_, name=name: running.append(name))
        part.register_forward_hook(end, with_kwargs=True)
    x = torch.empty(*shape, dtype=next((p.dtype for p in twin.parameters()), torch.float32), device="meta")
    try:
        with torch.no_grad(), _operations.Operations(move):
            twin.eval()(x)
        with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(keep, lambda item: item.tensor):
            output = twin.train()(x.requires_grad_())
    except ValueError as error:
        if "more than 1 value" not in str(error):
            raise
        raise ValueError(
            f"shape must leave a normalization more than one value, got {(*shape,)}: use --batch 2"
        ) from error
    known = {_operations.storage(t) for t in _twin.weights(twin)}
    for item in filter(None, (reference() for reference in kept)):
        if _operations.storage(item.tensor) not in known:
            known.add(_operations.storage(item.tensor))
            add(item.part, saved=item.tensor.untyped_storage().nbytes())
    del output  # whose graph held what is kept
    return [row for row in rows.values() if any(row[3:])]


@dataclass
class _Kept:
    part: str
    tensor: Tensor


def _attention_of(name: str, parts: dict[str, nn.Module], classes: tuple[type[nn.Module], ...]) -> str | None:
    words = name.split(".") if name else []
    outer = [".".join(words[:count]) for count in range(len(words) + 1)]
    return next((n for n in outer if isinstance(parts[n], classes) or n.split(".")[-1] == "attention"), None)


def total(rows: Iterable[Cost], name: str = "total") -> Cost:
    """Return the sum of ``rows`` under a name."""
    return Cost(name, "", None, *map(sum, zip(*(row[3:] for row in rows), strict=True)))


def grouped(rows: Iterable[Cost], key: Callable[[Cost], str]) -> list[Cost]:
    """Return a sum for each value of ``key``, in the order in which they come."""
    groups: dict[str, list[Cost]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return [total(group, name) for name, group in groups.items()]
