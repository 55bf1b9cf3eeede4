"""What the tests of the modules share: building a module with random numbers, asking the oracle, comparing."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from convattn import CBAM, ChannelAttention, SpatialAttention, SqueezeExcitation
from convattn.lab.proof import oracle as equations

MODULES = (SqueezeExcitation, ChannelAttention, SpatialAttention, CBAM)


def build(cls: type[nn.Module], channels: int = 6, *, seed: int = 0, gain: float = 1.0, **options: Any) -> nn.Module:
    """Return ``cls`` in float64 and eval mode, every number in its state drawn from a NumPy generator.

    PyTorch's starting values would hide errors: batch norm's are the identity, and all are small. Weights have standard
    deviation ``gain`` / sqrt(fan-in), so that logits are of the order of ``gain``.
    """
    if issubclass(cls, SpatialAttention):
        module = cls(**options)
    else:
        module = cls(channels, **(options if "reduction" in options else {"hidden": 3, **options}))
    rng = np.random.default_rng(seed)
    module.double().eval()
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if name.endswith(("norm.weight", "norm.running_var")):
                new = rng.uniform(0.5, 2.0, tuple(value.shape))
            elif name.endswith("num_batches_tracked"):
                continue
            elif value.ndim > 1:
                new = rng.standard_normal(tuple(value.shape)) * gain / np.sqrt(max(value.shape[1:].numel(), 1))
            else:
                new = rng.standard_normal(tuple(value.shape)) * 0.5
            value.copy_(torch.from_numpy(new))
    return module


def draw(shape: tuple[int, ...], seed: int = 1) -> Tensor:
    """Return a float64 feature map of standard normal numbers from a NumPy generator."""
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def state(module: nn.Module) -> dict[str, np.ndarray]:
    """Return the state of ``module`` as the float64 arrays that the oracle takes; rounded weights stay rounded."""
    return {name: value.detach().double().numpy() for name, value in module.state_dict().items()}


class Expected(NamedTuple):
    """The oracle's gate and output; for CBAM also its two gates, as ``gates`` defines them."""

    gate: np.ndarray
    output: np.ndarray
    gates: tuple[np.ndarray, np.ndarray] | None = None


def oracle(module: nn.Module, x: Tensor, *, training: bool = False) -> Expected:
    """Return what the NumPy oracle computes from the numbers in ``module`` and ``x``, in float64, sigmoid gate."""
    array, numbers = x.detach().double().numpy(), state(module)
    if isinstance(module, CBAM):
        return _cbam_oracle(module, array, numbers, training)
    if isinstance(module, SpatialAttention):
        logits = equations.spatial_logits(array, numbers, module.pools, training=training)
    else:
        logits = equations.channel_logits(array, numbers, getattr(module, "pools", ("avg",)))
    gate = equations.sigmoid(logits)
    return Expected(gate, array * gate)


def _cbam_oracle(module: CBAM, x: np.ndarray, numbers: dict[str, np.ndarray], training: bool) -> Expected:
    pools = module.channel.pools, module.spatial.pools

    def channel(z: np.ndarray) -> np.ndarray:
        return equations.channel_logits(z, equations.part(numbers, "channel"), pools[0])

    def spatial(z: np.ndarray) -> np.ndarray:
        return equations.spatial_logits(z, equations.part(numbers, "spatial"), pools[1], training=training)

    output = equations.cbam(
        x, numbers, order=module.order, channel_pools=pools[0], spatial_pools=pools[1], training=training
    )
    if module.order == "channel-spatial":
        first = equations.sigmoid(channel(x))
        gates = first, equations.sigmoid(spatial(x * first))
    elif module.order == "spatial-channel":
        first = equations.sigmoid(spatial(x))
        gates = equations.sigmoid(channel(x * first)), first
    else:
        gates = equations.sigmoid(channel(x)), equations.sigmoid(spatial(x))
        return Expected(equations.sigmoid(channel(x) + spatial(x)), output, gates)
    return Expected(gates[0] * gates[1], output, gates)


def close(actual: Tensor, expected: np.ndarray, tolerance: float, what: str) -> None:
    """Assert |actual - expected| <= tolerance * max(1, |expected|) everywhere, and the same shape."""
    got = actual.detach().double().numpy()
    assert got.shape == expected.shape, f"{what}: shape {got.shape}, expected {expected.shape}"
    error = np.abs(got - expected) / np.maximum(1.0, np.abs(expected))
    worst = error.max(initial=0.0)
    assert worst <= tolerance, f"{what}: off by {worst:.3g}, allowed {tolerance:.3g}"


def message_of(error: type[Exception], call: Any, *args: Any, **options: Any) -> str:
    """Return the message of the ``error`` that ``call`` raises; anything else fails the test."""
    with pytest.raises(error) as caught:
        call(*args, **options)
    assert type(caught.value) is error
    return str(caught.value)


# Bad arguments: options, then the whole message. It names the argument, shows the value and says what is allowed.
BAD_WIDTH = [
    ({"channels": 0}, "channels must be an integer >= 1, got 0"),
    ({"channels": -4}, "channels must be an integer >= 1, got -4"),
    ({"channels": 64.0}, "channels must be an integer >= 1, got 64.0"),
    ({"channels": True}, "channels must be an integer >= 1, got True"),
    ({"channels": 64, "reduction": 0}, "reduction must be an integer >= 1, got 0"),
    ({"channels": 64, "reduction": -16}, "reduction must be an integer >= 1, got -16"),
    ({"channels": 64, "reduction": 0.5}, "reduction must be an integer >= 1, got 0.5"),
    ({"channels": 64, "hidden": 0}, "hidden must be an integer >= 1, got 0"),
    ({"channels": 64, "hidden": -1}, "hidden must be an integer >= 1, got -1"),
    (
        {"channels": 8},
        "channels // reduction must be >= 1, got 8 // 16 = 0; allowed: reduction <= 8, or an explicit hidden >= 1",
    ),
    (
        {"channels": 3, "reduction": 4},
        "channels // reduction must be >= 1, got 3 // 4 = 0; allowed: reduction <= 3, or an explicit hidden >= 1",
    ),
]
BAD_KERNEL = [
    ({"kernel_size": 0}, "kernel_size must be an integer >= 1, got 0"),
    ({"kernel_size": -3}, "kernel_size must be an integer >= 1, got -3"),
    ({"kernel_size": 3.0}, "kernel_size must be an integer >= 1, got 3.0"),
    ({"kernel_size": 2}, "kernel_size must be odd, so that the map keeps its size, got 2"),
    ({"kernel_size": 8}, "kernel_size must be odd, so that the map keeps its size, got 8"),
]


def bad_pools(name: str) -> list[tuple[dict[str, Any], str]]:
    """Return wrong values of the pools argument ``name`` with their messages."""
    allowed = f'{name} must be ("avg",), ("max",) or ("avg", "max"), got '
    return [
        ({name: ()}, allowed + "()"),
        ({name: ("avg", "median")}, allowed + "('avg', 'median')"),
        ({name: ("avg", "avg")}, allowed + "('avg', 'avg')"),
        ({name: ("avg", "max", "max")}, allowed + "('avg', 'max', 'max')"),
        ({name: ("AVG",)}, allowed + "('AVG',)"),
        ({name: "avg"}, allowed + "'avg'"),
    ]


def bad_inputs(channels: int | None) -> list[tuple[Tensor, type[Exception], str]]:
    """Return wrong inputs with their errors, for a module of 6 channels or, with None, of any number."""
    wrong = [
        (
            torch.zeros(2, 6, 5, 4, dtype=torch.int64),
            TypeError,
            "input must be a floating-point tensor, got dtype torch.int64",
        ),
        (
            torch.zeros(2, 6, 5, 4, dtype=torch.bool),
            TypeError,
            "input must be a floating-point tensor, got dtype torch.bool",
        ),
        (
            torch.zeros(2, 6, 5, 4, dtype=torch.complex64),
            TypeError,
            "input must be a floating-point tensor, got dtype torch.complex64",
        ),
        (torch.zeros(6, 5, 4), ValueError, "input must have 4 dimensions (B, C, H, W), got 3: (6, 5, 4)"),
        (torch.zeros(2, 6), ValueError, "input must have 4 dimensions (B, C, H, W), got 2: (2, 6)"),
        (torch.zeros(1, 2, 6, 5, 4), ValueError, "input must have 4 dimensions (B, C, H, W), got 5: (1, 2, 6, 5, 4)"),
        (torch.zeros(2, 6, 0, 4), ValueError, "input must have C, H and W >= 1, got (2, 6, 0, 4)"),
        (torch.zeros(2, 6, 5, 0), ValueError, "input must have C, H and W >= 1, got (2, 6, 5, 0)"),
        (torch.zeros(0, 6, 0, 0), ValueError, "input must have C, H and W >= 1, got (0, 6, 0, 0)"),
    ]
    if channels is None:
        return [*wrong, (torch.zeros(2, 0, 5, 4), ValueError, "input must have C, H and W >= 1, got (2, 0, 5, 4)")]
    other = "input must have 6 channels (B, 6, H, W), got "
    wrong += [(torch.zeros(2, c, 5, 4), ValueError, f"{other}(2, {c}, 5, 4)") for c in (0, 1, 5, 12)]
    return wrong


def assert_refuses(module: nn.Module, x: Tensor, error: type[Exception], message: str) -> None:
    """Assert that each public method of ``module`` raises just this, in training mode and before any buffer changes."""
    module.float().train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    for method in ("forward", "gate", "gates" if isinstance(module, CBAM) else "logits"):
        assert message_of(error, getattr(module, method), x) == message, method
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name]), f"{name} changed before the error"
