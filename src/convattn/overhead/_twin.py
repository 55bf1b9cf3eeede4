"""A copy of a module on the meta device, to be counted: shapes and no numbers, and nothing of its owner's runs."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils import parametrize


def weights(module: nn.Module) -> Iterator[Tensor]:
    """Give each tensor that a module holds: parameters, buffers, and weights that a hook of PyTorch's has made."""
    for part in module.modules():
        for values in (part._parameters, part._buffers, vars(part)):
            yield from (value for value in values.values() if isinstance(value, Tensor))


def twin(module: nn.Module) -> nn.Module:
    """Return a copy on the meta device, without hooks, parametrizations, and batch norm's refusal of single values.

    Pruning, weight norm and spectral norm keep the weight of the last pass beside the parameters that it is made of.
    deepcopy refuses such a tensor, since it has a history; here it becomes a plain one of the same shape.
    """
    memo: dict[int, Any] = {}  # what deepcopy takes for copied
    for tensor in weights(module):
        empty = tensor.detach().to("meta")
        memo[id(tensor)] = nn.Parameter(empty, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else empty
    for part in module.modules():
        for name, value in vars(part).items():
            if isinstance(value, dict) and name.endswith(("_hooks", "_with_kwargs", "_always_called")):
                memo[id(value)] = OrderedDict()
    copied = copy.deepcopy(module, memo)
    for part in list(copied.modules()):
        if parametrize.is_parametrized(part):
            _unparametrize(part)
        if isinstance(part, _BatchNorm):
            vars(part)["forward"] = partial(_batch_norm, part)
    return copied


def _unparametrize(part: nn.Module) -> None:
    """Keep the weights as they are. PyTorch's own function would change the class, which the original shares."""
    with torch.no_grad():
        made = {name: getattr(part, name) for name, _ in part.get_submodule("parametrizations").named_children()}
    part.__class__ = type(part).__bases__[0]
    del part.parametrizations
    for name, value in made.items():
        part.register_parameter(name, nn.Parameter(value))


def _batch_norm(norm: _BatchNorm, x: Tensor) -> Tensor:
    batch = norm.training or norm.running_mean is None  # statistics of the batch, which may be a single value
    mean, var = (None, None) if batch else (norm.running_mean, norm.running_var)
    return torch.batch_norm(x, norm.weight, norm.bias, mean, var, batch, 0.0, norm.eps, False)
