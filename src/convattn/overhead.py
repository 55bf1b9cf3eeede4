"""What a network costs, counted: parameters, multiply-accumulates, elements moved, bytes kept for the backward pass.

``python -m convattn.overhead resnet50 --attention cbam`` prints the table of a network; ``--help`` lists the options.
"""

from __future__ import annotations

import argparse
import copy
import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from convattn import CBAM, ChannelAttention, SpatialAttention, SqueezeExcitation, _checks, _operations
from convattn.mobilenet import mobilenet
from convattn.resnet import NETWORKS, STRIDES_IN, resnet

_ATTENTION = (SqueezeExcitation, ChannelAttention, SpatialAttention, CBAM)
_LAYERS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)


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


def overhead(module: nn.Module, shape: Sequence[int]) -> list[Cost]:
    """Count what ``module`` costs, submodule by submodule.

    A copy of the module runs on PyTorch's meta device, which has shapes and no numbers: counts are exact, nothing is
    computed, and the module stays as it is. What an operation costs belongs to the innermost submodule that runs.

    Elements are counted in an eager forward pass in eval mode without gradients. Each operation reads each of its
    tensors once, weights included, and writes its results once: a broadcast tensor counts as it is stored, a view moves
    nothing, batch norm writes its map alone, max pooling its map and the indices. No cache, no fusion.

    Bytes are counted after a forward pass in training mode, with an input that needs a gradient: all that autograd
    keeps, the input included, parameters and buffers not. Memory that several operations keep counts once, for the
    first.

    Args:
        module: Any module that multiplies and accumulates in nn.Conv1d, nn.Conv2d, nn.Conv3d and nn.Linear alone.
        shape: Shape of its input, for an image network (B, 3, H, W).

    Returns:
        A row for each submodule that has parameters, runs operations or keeps bytes, outer ones first.

    Raises:
        ValueError: If a matrix product or convolution runs anywhere else, so that the count would be too small. A
            multiplication followed by a sum is not taken for one, here as in PyTorch's counter.
    """
    twin = copy.deepcopy(module).to("meta")
    parts = dict(twin.named_modules())
    rows = {name: Cost(name, type(part).__name__, _attention_of(name, parts)) for name, part in parts.items()}
    running: list[str] = []  # names of the submodules that run, innermost last

    def add(name: str, **more: int) -> None:
        rows[name] = rows[name]._replace(**{field: getattr(rows[name], field) + n for field, n in more.items()})

    def end(part: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        name = running.pop()
        if isinstance(part, _LAYERS) and not torch.is_grad_enabled():
            add(name, macs=output.numel() * part.weight[0].numel())  # weight[0] makes one output element

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

    for name, parameter in module.named_parameters():  # the twin's shared ones are no longer shared
        add(name.rpartition(".")[0], parameters=parameter.numel())
    for name, part in parts.items():
        part.register_forward_pre_hook(lambda *_, name=name: running.append(name))
        part.register_forward_hook(end)
    x = torch.empty(*shape, dtype=next((p.dtype for p in twin.parameters()), torch.float32), device="meta")
    with torch.no_grad(), _operations.Operations(move):
        twin.eval()(x)
    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(keep, lambda item: item.tensor):
        output = twin.train()(x.requires_grad_())
    known = {_operations.storage(t) for t in (*twin.parameters(), *twin.buffers())}
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


def _attention_of(name: str, parts: dict[str, nn.Module]) -> str | None:
    words = name.split(".") if name else []
    outer = [".".join(words[:count]) for count in range(len(words) + 1)]
    return next((n for n in outer if isinstance(parts[n], _ATTENTION) or n.split(".")[-1] == "attention"), None)


def total(rows: Iterable[Cost], name: str = "total") -> Cost:
    """Return the sum of ``rows`` under a name."""
    return Cost(name, "", None, *map(sum, zip(*(row[3:] for row in rows), strict=True)))


def grouped(rows: Iterable[Cost], key: Callable[[Cost], str]) -> list[Cost]:
    """Return a sum for each value of ``key``, in the order in which they come."""
    groups: dict[str, list[Cost]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return [total(group, name) for name, group in groups.items()]


class Formula(NamedTuple):
    """Cost of an attention module by closed form."""

    parameters: int  #: number of parameters
    mlp_macs: int  #: multiply-accumulates of the MLP, in all its passes
    conv_macs: int  #: multiply-accumulates of the convolution


def se_formula(channels: int, *, reduction: int = 16, bias: bool = True) -> Formula:
    """Compute what squeeze-and-excitation costs for one image; the size of the map does not matter.

    Args:
        channels: Number of channels C.
        reduction: Reduction ratio r; h = C // r hidden units.
        bias: Whether the two linear layers have biases.

    Returns:
        2 C h weights and C + h biases; 2 C h multiply-accumulates.

    Raises:
        ValueError: If ``channels``, ``reduction`` or C // r is less than 1.
    """
    hidden = _checks.hidden_width(channels, reduction, None)
    weights = 2 * channels * hidden
    return Formula(weights + (channels + hidden if bias else 0), weights, 0)


def cbam_formula(
    channels: int,
    height: int,
    width: int,
    *,
    reduction: int = 16,
    kernel_size: int = 7,
    bias: bool = True,
    norm: bool = True,
) -> Formula:
    """Compute what CBAM costs for one image.

    Args:
        channels: Number of channels C.
        height: Height H of the map in pixels.
        width: Width W of the map in pixels.
        reduction: Reduction ratio r; h = C // r hidden units.
        kernel_size: Side k of the kernel in pixels, odd.
        bias: Whether the two linear layers have biases.
        norm: Whether batch norm follows the convolution.

    Returns:
        The parameters of squeeze-and-excitation, 2 k² of the kernel and 2 of batch norm; 4 C h multiply-accumulates in
        the MLP, which runs on two descriptors, and 2 k² H W in the convolution.

    Raises:
        ValueError: If a size or C // r is less than 1, or ``kernel_size`` is even.
    """
    se = se_formula(channels, reduction=reduction, bias=bias)
    if kernel_size % 2 == 0:
        raise ValueError(f"kernel_size must be odd, got {kernel_size}")
    kernel = 2 * _checks.at_least_one("kernel_size", kernel_size) ** 2
    pixels = _checks.at_least_one("height", height) * _checks.at_least_one("width", width)
    return Formula(se.parameters + kernel + (2 if norm else 0), 2 * se.mlp_macs, kernel * pixels)


def _text(rows: Sequence[Cost], by: str) -> str:
    keys: dict[str, Callable[[Cost], str]] = {
        "kind": lambda row: row.kind if row.attention is None else f"{row.kind} in attention",
        "attention": lambda row: "without attention" if row.attention is None else row.attention,
        "module": lambda row: row.name,
    }
    lines = grouped(rows, keys[by])
    inside = [row for row in rows if row.attention is not None]
    if inside and by != "attention":
        lines += [total([row for row in rows if row.attention is None], "without attention")]
    if inside:
        lines += [total(inside, "all attention")]
    cells = [["", *(field.replace("saved", "saved bytes") for field in Cost._fields[3:])]]
    cells += [[row.name, *(f"{number:,}" for number in row[3:])] for row in [*lines, total(rows)]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    texts = [[row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in cells]
    return "\n".join("  ".join(row) for row in texts)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of the network that the command line names; an error is one line and exit status 2.

    Args:
        arguments: Command line without the program's name; ``sys.argv`` when None.
    """
    names = [*NETWORKS, "mobilenet_1.0", "mobilenet_0.7"]
    parser = argparse.ArgumentParser(
        prog="python -m convattn.overhead",
        usage=argparse.SUPPRESS,
        description="Count what a network costs: python -m convattn.overhead NETWORK [options]",
        allow_abbrev=False,
    )
    parser.add_argument("network", choices=names)
    flags = [
        parser.add_argument("--attention", choices=["none", "se", "cbam"], default="none"),
        parser.add_argument("--stride-in", choices=STRIDES_IN, default="3x3", help="where a bottleneck halves the map"),
        parser.add_argument("--input-size", type=int, help="side in pixels; 32 for the CIFAR family, else 224"),
        parser.add_argument("--batch", type=int, default=1, help="number of images"),
        parser.add_argument("--by", choices=["kind", "attention", "module"], default="kind", help="what a row is"),
    ]
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        parser.error(f"unknown: {' '.join(unknown)} (choose from {', '.join(f.option_strings[0] for f in flags)})")
    attention = None if options.attention == "none" else options.attention
    settings = NETWORKS.get(options.network, {})
    size = options.input_size if options.input_size is not None else 32 if settings.get("small_input") else 224
    try:
        shape = (_checks.at_least_one("--batch", options.batch), 3, *2 * (_checks.at_least_one("--input-size", size),))
        with torch.device("meta"):
            if options.network in NETWORKS:
                network: nn.Module = resnet(options.network, attention=attention, stride_in=options.stride_in)
            else:
                network = mobilenet(width=float(options.network.split("_")[1]), attention=attention)
        rows = overhead(network, shape)
    except (RuntimeError, ValueError) as error:
        parser.error(str(error).splitlines()[0])
    place = f", stride in {options.stride_in}" if settings.get("bottleneck") else ""
    print(f"{options.network}, attention {options.attention}, input {shape}{place}")
    print(_text(rows, options.by))


if __name__ == "__main__":
    main()
