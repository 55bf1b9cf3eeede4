"""Checks that take a module's class: the tests run them on the true modules, test_broken.py on the wrong variants.

``CHECKS`` says which checks each module must pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import examples
import numpy as np
import pytest
import torch
from helpers import MODULES, build, close, draw, oracle, state
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from torch import nn

from convattn import CBAM, ChannelAttention, SpatialAttention, SqueezeExcitation

Class = type[nn.Module]
POOLS = (("avg",), ("max",), ("avg", "max"))
ORDERS = ("channel-spatial", "spatial-channel", "parallel")

# Largest error allowed, relative for results beyond 1. Sums have up to 400 pixels, 70 channels or 2 * 11 * 11 taps.
TOLERANCE = {
    torch.float64: 1e-12,  # some hundred roundings of 1.1e-16, up to 300 times larger after batch norm's division
    torch.float32: 2e-5,  # the same of 6.0e-8, where batch norm sees 16 values or more; 2.5e-6 is the worst seen
    torch.bfloat16: 0.06,  # 8 bits: about ten roundings of 2**-9 = 0.002 in a row, some enlarged by batch norm
}


def _options(cls: Class) -> dict[str, Any]:
    """Return a strategy for each option of ``cls`` that changes the equation."""
    options: dict[str, Any] = {}
    if not issubclass(cls, SpatialAttention):
        options |= {"hidden": st.integers(1, 8), "bias": st.booleans()}
    if issubclass(cls, ChannelAttention | SpatialAttention):
        options |= {"pools": st.sampled_from(POOLS)}
    if issubclass(cls, SpatialAttention | CBAM):
        options |= {"kernel_size": st.sampled_from((1, 3, 5, 7, 9, 11)), "norm": st.booleans()}
    if issubclass(cls, CBAM):
        pools = st.sampled_from(POOLS)
        options |= {"order": st.sampled_from(ORDERS), "channel_pools": pools, "spatial_pools": pools}
    return options


def _matches_oracle(cls: Class, dtype: torch.dtype, number: int) -> None:
    # No shrinking: a seed does not shrink to anything simpler, and a wrong variant is rejected sooner.
    @settings(
        max_examples=number,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(
        shape=st.tuples(st.integers(1, 3), st.integers(1, 70), st.integers(1, 20), st.integers(1, 20)),
        options=st.fixed_dictionaries(_options(cls)),
        training=st.booleans(),
        seed=st.integers(0, 2**32 - 1),
    )
    def run(shape: tuple[int, ...], options: dict[str, Any], training: bool, seed: int) -> None:
        batch, channels, height, width = shape
        if batch * height * width < (2 if dtype == torch.float64 else 16):
            training = False  # batch norm needs two values, and enough of them for a variance well above rounding
        module = build(cls, channels, seed=seed, **options).to(dtype).train(training)
        x = draw(shape, seed).to(dtype)
        expected = oracle(module, x, training=training)  # from the rounded numbers; training does not read the rest
        with torch.no_grad():
            gate, output = module.gate(x), module(x)
        assert gate.dtype == output.dtype == dtype
        close(gate, expected.gate, TOLERANCE[dtype], "gate")
        close(output, expected.output, TOLERANCE[dtype], "output")
        if expected.gates is not None:
            for got, want, what in zip(module.gates(x), expected.gates, ("channel gate", "spatial gate"), strict=True):
                close(got, want, TOLERANCE[dtype], what)

    run()


def values_float64(cls: Class) -> None:
    """Gate and output equal the oracle's over random shapes and options."""
    _matches_oracle(cls, torch.float64, 60)


def values_float32(cls: Class) -> None:
    """The same in float32."""
    _matches_oracle(cls, torch.float32, 25)


def values_bfloat16(cls: Class) -> None:
    """The same in bfloat16; the oracle gets the rounded input and weights."""
    _matches_oracle(cls, torch.bfloat16, 25)


def non_square(cls: Class) -> None:
    """Wide and tall maps give the oracle's output, maps of one row or one column too."""
    for height, width in ((4, 6), (6, 4), (3, 9), (1, 5), (5, 1)):
        module, x = build(cls), draw((2, 6, height, width))
        close(module(x), oracle(module, x).output, 1e-12, f"output at {height} x {width}")


def hand_computed(cls: Class) -> None:
    """The 2 x 2 x 2 example of examples.py, worked out by hand there."""
    for example in examples.OF[next(m for m in MODULES if issubclass(cls, m))]:
        module = example.load(cls)
        x = torch.tensor(examples.X, dtype=torch.float64)[None]
        close(module.gate(x)[0], np.asarray(example.gate), 1e-7, f"gate, {example.name}")
        close(module(x)[0], np.asarray(example.output), 1e-7, f"output, {example.name}")  # 8 decimals are written


def gate_range(cls: Class) -> None:
    """A sigmoid of logits far from 0 stays within [0, 1], its closed range, and comes near both ends."""
    gate = build(cls, gain=30.0).gate(draw((3, 6, 5, 4)))
    assert gate.min() >= 0, f"gate goes down to {gate.min():.3g}"
    assert gate.max() <= 1, f"gate goes up to {gate.max():.3g}"
    assert gate.min() < 0.1, f"gate stays above {gate.min():.3g}"
    assert gate.max() > 0.9, f"gate stays below {gate.max():.3g}"


def gate_fn(cls: Class) -> None:
    """``gate_fn`` is what makes the gate: with the identity the gates are the logits, with a constant that constant."""
    x = draw((2, 6, 5, 4))
    for fn, name in ((lambda z: z, "identity"), (lambda z: torch.full_like(z, 0.25), "constant 0.25")):
        module = build(cls, gate_fn=fn)
        if not isinstance(module, CBAM):
            expected = module.logits(x) if name == "identity" else torch.full_like(module.logits(x), 0.25)
            assert torch.equal(module.gate(x), expected), f"gate is not that of the {name}"
            assert torch.equal(module(x), x * expected), f"output is not that of the {name}"
            continue
        for order in ORDERS:
            module = build(cls, gate_fn=fn, order=order)
            channel, spatial = module.gates(x)
            if name == "identity":
                seen = x * spatial if order == "spatial-channel" else x
                assert torch.equal(channel, module.channel.logits(seen)), f"channel gate is not the {name}'s"
                seen = x * channel if order == "channel-spatial" else x
                assert torch.equal(spatial, module.spatial.logits(seen)), f"spatial gate is not the {name}'s"
            else:
                assert (channel == 0.25).all(), f"channel gate is not the {name}"
                assert (spatial == 0.25).all(), f"spatial gate is not the {name}"
                # Applied once to the sum in "parallel", once by each part else: 1/4 or 1/16, exact in binary.
                assert torch.equal(module(x), x * (0.25 if order == "parallel" else 0.0625)), "output"


def hidden_width(cls: Class) -> None:
    """The hidden layer has channels // reduction units, or ``hidden`` where given (the papers' C / r)."""
    for channels, reduction, hidden, expected in (
        (64, 16, None, 4),
        (64, 4, None, 16),
        (64, 2, None, 32),
        (60, 16, None, 3),
        (7, 7, None, 1),
        (256, 16, None, 16),
        (64, 16, 10, 10),
        (2, 16, 5, 5),
    ):
        module = cls(channels, reduction=reduction, hidden=hidden)
        mlp = module.channel if isinstance(module, CBAM) else module
        shapes = tuple(mlp.fc1.weight.shape), tuple(mlp.fc2.weight.shape)
        assert shapes == ((expected, channels), (channels, expected)), f"C={channels} r={reduction} hidden={hidden}"


def no_dead_gate(cls: Class) -> None:
    """Two images give two gates, for each reduction that the constructor accepts."""
    accepted = 0
    for reduction in (1, 2, 4, 8, 16, 32):
        try:
            module = build(cls, 8, gain=0.1, reduction=reduction)
        except ValueError:
            continue
        accepted += 1
        # Positive weights and inputs keep each ReLU open, small ones the sigmoid: neither can freeze the gate.
        for value in module.parameters():
            value.data.abs_()
        a, b = draw((1, 8, 5, 4), 1).abs(), draw((1, 8, 5, 4), 2).abs()
        assert not torch.allclose(module.gate(a), module.gate(b)), f"the same gate for two images at r={reduction}"
    assert accepted >= 4, "refuses reductions from 1 to 8 with 8 channels"


def parameter_count(cls: Class) -> None:
    """The closed form: 2Ch + h + C for the MLP (2Ch without biases), P k^2 for the convolution, 2 for batch norm."""
    for channels, reduction in ((256, 16), (64, 4), (60, 16), (7, 7)):
        h = channels // reduction
        for flag, pools, k in ((True, ("avg", "max"), 7), (False, ("avg", "max"), 3), (True, ("max",), 5)):
            mlp = 2 * channels * h + (h + channels if flag else 0)
            conv = len(pools) * k * k + (2 if flag else 0)
            if issubclass(cls, SpatialAttention):
                module, expected = cls(kernel_size=k, pools=pools, norm=flag), conv
            elif issubclass(cls, CBAM):
                options = {"kernel_size": k, "spatial_pools": pools, "norm": flag}
                module, expected = cls(channels, reduction=reduction, bias=flag, **options), mlp + conv
            else:
                module, expected = cls(channels, reduction=reduction, bias=flag), mlp
            count = sum(p.numel() for p in module.parameters())
            assert count == expected, f"{count} parameters, expected {expected}: C={channels} r={reduction} {flag}"


def average_matters(cls: Class) -> None:
    """Of two maps with the same maxima and other means, the gates differ."""
    _descriptor_matters(cls, moved="avg")


def maximum_matters(cls: Class) -> None:
    """Of two maps with the same means and other maxima, the gates differ."""
    _descriptor_matters(cls, moved="max")


def _descriptor_matters(cls: Class, moved: str) -> None:
    a = torch.zeros(1, 4, 2, 2, dtype=torch.float64)
    b = a.clone()
    axis = 1 if issubclass(cls, SpatialAttention) else 2  # across channels, or down the rows of a channel
    first, second = b.select(axis, 0), b.select(axis, 1)
    if moved == "max":  # +1 and -1: the mean stays 0, the maximum rises from 0 to 1
        first += 1
        second -= 1
    else:  # -1: the maximum stays 0 in the other places, the mean falls
        first -= 1
    for seed in range(3):  # a ReLU may close over one draw of the weights
        module = build(cls, 4, seed=seed, bias=False) if axis == 2 else build(cls, seed=seed)
        if not torch.allclose(module.gate(a), module.gate(b)):
            return
    raise AssertionError(f"the gate does not see the {'maximum' if moved == 'max' else 'average'}")


def output_bias_counts_per_pool(cls: Class) -> None:
    """With zero weights and an output bias of 0.3 the logit is 0.3 for one pool, 0.6 for two: the MLP is shared."""
    for pools in POOLS:
        module = cls(6, hidden=2, pools=pools).double()
        for value in module.parameters():
            nn.init.zeros_(value)
        nn.init.constant_(module.fc2.bias, 0.3)
        expected = torch.full((2, 6, 1, 1), 0.3 * len(pools), dtype=torch.float64)
        assert torch.allclose(module.logits(draw((2, 6, 3, 4))), expected, rtol=0, atol=1e-15), f"pools={pools}"


def pixel_permutation(cls: Class) -> None:
    """A channel gate does not change when the pixels are shuffled: mean and maximum do not know places."""
    x = draw((2, 6, 5, 4))
    order = torch.from_numpy(np.random.default_rng(3).permutation(20))
    shuffled = x.flatten(2)[:, :, order].unflatten(2, (5, 4))
    module = build(cls)
    close(module.gate(shuffled), module.gate(x).detach().numpy(), 1e-14, "gate of the shuffled map")
    rolled = x.roll(1, dims=1)  # and it does change when the channels are
    assert not torch.allclose(module.gate(rolled), module.gate(x)), "the gate does not know the channels"


def channel_permutation(cls: Class) -> None:
    """A spatial gate does not change when the channels are shuffled, and takes any number of them."""
    x, module = draw((2, 6, 5, 4)), build(cls)
    order = torch.from_numpy(np.random.default_rng(3).permutation(6))
    close(module.gate(x[:, order]), module.gate(x).detach().numpy(), 1e-14, "gate of the shuffled channels")
    close(module.gate(x.repeat(1, 2, 1, 1)), module.gate(x).detach().numpy(), 1e-14, "gate of the doubled channels")
    assert not torch.allclose(module.gate(x.roll(1, dims=3)), module.gate(x)), "the gate does not know the places"


def shift(cls: Class) -> None:
    """A shifted map has a shifted spatial gate, at all places whose window misses the border before and after."""
    for kernel_size in (1, 3, 5, 7):
        module, x, reach = build(cls, kernel_size=kernel_size), draw((2, 6, 12, 15)), kernel_size // 2
        moved = x.roll((2, 3), dims=(2, 3))
        inner = slice(reach + 2, 12 - reach), slice(reach + 3, 15 - reach)
        gate = module.gate(x).roll((2, 3), dims=(2, 3))[:, :, inner[0], inner[1]]
        close(module.gate(moved)[:, :, inner[0], inner[1]], gate.detach().numpy(), 1e-14, f"k={kernel_size}")


def odd_kernels(cls: Class) -> None:
    """An even kernel is refused at once; with each odd one the map keeps its size."""
    x, refused = draw((1, 6, 5, 4)), set()
    for kernel_size in range(1, 12):
        try:
            module = build(cls, kernel_size=kernel_size)
        except ValueError:
            refused.add(kernel_size)
            continue
        gate = module.gates(x)[1] if isinstance(module, CBAM) else module.gate(x)
        assert tuple(gate.shape) == (1, 1, 5, 4), f"kernel_size={kernel_size}: gate {tuple(gate.shape)}"
    assert refused == {2, 4, 6, 8, 10}, f"refuses {refused}"


def pool_order_is_free(cls: Class) -> None:
    """``("max", "avg")`` is ``("avg", "max")``: the same numbers give the same output (the paper's order)."""
    names = ("channel_pools", "spatial_pools") if issubclass(cls, CBAM) else ("pools",)
    x = draw((2, 6, 5, 4))
    expected = build(cls)(x)
    for name in names:
        for pools in (("max", "avg"), ["max", "avg"], ["avg", "max"]):
            assert torch.equal(build(cls, **{name: pools})(x), expected), f"{name}={pools}"


STATE = {
    SqueezeExcitation: ("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"),
    ChannelAttention: ("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"),
    SpatialAttention: (
        "conv.weight",
        *(f"norm.{name}" for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")),
    ),
}
STATE[CBAM] = (
    *(f"channel.{name}" for name in STATE[ChannelAttention]),
    *(f"spatial.{name}" for name in STATE[SpatialAttention]),
)


def state_names(cls: Class) -> None:
    """The names in ``state_dict``, which stored weights rely on, stand in the order of computation."""
    base = next(m for m in MODULES if issubclass(cls, m))
    assert tuple(state(build(cls))) == STATE[base]
    if base is not SqueezeExcitation and base is not ChannelAttention:
        names = tuple(name for name in STATE[base] if "norm" not in name)
        assert tuple(state(build(cls, norm=False))) == names
    if base is not SpatialAttention:
        no_bias = tuple(name for name in STATE[base] if not name.endswith(("fc1.bias", "fc2.bias")))
        assert tuple(state(build(cls, bias=False))) == no_bias


def output_shape_only(cls: Class) -> None:
    """The weak check, all that public code has where it has any: the output's shape is the input's. Not in CHECKS."""
    x = torch.ones(2, 64, 8, 8)
    modules = [cls(), cls(kernel_size=3)] if issubclass(cls, SpatialAttention) else [cls(64), cls(64, reduction=4)]
    for module in modules:
        assert module(x).shape == x.shape


_EVERY = (
    values_float64,
    values_float32,
    values_bfloat16,
    non_square,
    hand_computed,
    gate_range,
    gate_fn,
    parameter_count,
    state_names,
)
_MLP = (hidden_width, no_dead_gate)
_BOTH_POOLS = (average_matters, maximum_matters, pool_order_is_free)
CHECKS: dict[Class, tuple[Callable[[Class], None], ...]] = {
    SqueezeExcitation: (*_EVERY, *_MLP, pixel_permutation),
    ChannelAttention: (*_EVERY, *_MLP, *_BOTH_POOLS, output_bias_counts_per_pool, pixel_permutation),
    SpatialAttention: (*_EVERY, *_BOTH_POOLS, odd_kernels, channel_permutation, shift),
    CBAM: (*_EVERY, *_MLP, pool_order_is_free, odd_kernels),
}


def every_check(cls: Class) -> pytest.MarkDecorator:
    """Return the decorator that runs a test once for each check of ``cls``."""
    return pytest.mark.parametrize("check", CHECKS[cls], ids=lambda check: check.__name__)
