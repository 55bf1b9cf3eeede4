"""Gradients against central differences of the NumPy oracle in float64, away from ties and from the ReLU's corner."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest
import torch
from helpers import build, draw, oracle, state
from torch import nn

from convattn import CBAM, ChannelAttention, SpatialAttention, SqueezeExcitation
from convattn.lab.proof import oracle as equations

STEP = 1e-5
MARGIN = 100 * STEP  # a step of one number moves no descriptor or hidden unit by more than a few STEP
CASES = [
    (SqueezeExcitation, {}, False),
    (SqueezeExcitation, {"bias": False}, False),
    *((ChannelAttention, {"pools": pools}, False) for pools in (("avg",), ("max",), ("avg", "max"))),
    *((SpatialAttention, {"kernel_size": 3, "pools": pools}, False) for pools in (("avg",), ("max",), ("avg", "max"))),
    (SpatialAttention, {"kernel_size": 3, "norm": False}, False),
    (SpatialAttention, {"kernel_size": 3}, True),
    *(
        (CBAM, {"kernel_size": 3, "order": order}, training)
        for order in ("channel-spatial", "spatial-channel", "parallel")
        for training in (False, True)
    ),
]


def runner_up_gap(values: np.ndarray, axis: int) -> float:
    """Return the smallest difference between the maximum and the next value along ``axis``."""
    top = np.sort(values, axis=axis)
    return float((top.take(-1, axis) - top.take(-2, axis)).min())


def channel_margin(x: np.ndarray, numbers: dict[str, np.ndarray], pools: tuple[str, ...]) -> float:
    """Return how far the MLP's hidden units are from 0 and, with "max", the maxima from their runners-up."""
    flat = x.reshape(*x.shape[:2], -1)
    hidden = [
        z @ numbers["fc1.weight"].T + numbers.get("fc1.bias", 0.0)
        for pool, z in (("avg", flat.mean(axis=2)), ("max", flat.max(axis=2)))
        if pool in pools
    ]
    gap = runner_up_gap(flat, 2) if "max" in pools else np.inf
    return min(gap, float(np.abs(hidden).min()))


def spatial_margin(x: np.ndarray, pools: tuple[str, ...]) -> float:
    """Return how far the maximum across channels is from its runner-up."""
    return runner_up_gap(x, 1) if "max" in pools else np.inf


def margin(module: nn.Module, x: torch.Tensor, training: bool) -> float:
    """Return the distance of ``module`` at ``x`` from the nearest tie or corner."""
    numbers, array = state(module), x.numpy()
    if isinstance(module, SpatialAttention):
        return spatial_margin(array, module.pools)
    if not isinstance(module, CBAM):
        return channel_margin(array, numbers, getattr(module, "pools", ("avg",)))
    gates = oracle(module, x, training=training).gates
    seen = {
        "channel-spatial": (array, array * gates[0]),
        "spatial-channel": (array * gates[1], array),
        "parallel": (array, array),
    }[module.order]
    channel = channel_margin(seen[0], equations.part(numbers, "channel"), module.channel.pools)
    return min(channel, spatial_margin(seen[1], module.spatial.pools))


@pytest.mark.parametrize(
    ("cls", "options", "training"), CASES, ids=lambda v: getattr(v, "__name__", None) or str(v).replace("'", "")
)
def test_gradients_equal_central_differences_of_the_oracle(cls, options, training):
    for seed in count():  # the first draw that is away from ties; one in a few is
        module, x = build(cls, 3, seed=seed, **options), draw((2, 3, 3, 4), seed + 100)
        if margin(module, x, training) > MARGIN:
            break
        assert seed < 200, "no draw is away from ties"
    assert margin(module, x, training) > MARGIN
    weight = np.random.default_rng(5).standard_normal(x.shape)  # the loss is the sum of weight * output

    module.train(training)
    x.requires_grad_()
    (module(x) * torch.from_numpy(weight)).sum().backward()
    module.train(False)

    for name, tensor in (("x", x), *module.named_parameters()):
        numbers = tensor.data.view(-1)
        expected = np.empty(numbers.numel())
        for i in range(numbers.numel()):
            value, losses = numbers[i].item(), []
            for moved in (value + STEP, value - STEP):
                numbers[i] = moved
                losses.append(float((oracle(module, x, training=training).output * weight).sum()))
            numbers[i] = value
            expected[i] = (losses[0] - losses[1]) / (2 * STEP)
        assert np.abs(expected).max() > 1e-4, f"{name} has no gradient, so the comparison would say nothing"
        # Central differences are off by STEP^2 times a third derivative, and by 1e-16 / STEP from rounding.
        np.testing.assert_allclose(
            tensor.grad.numpy().ravel(), expected, rtol=1e-6, atol=1e-7, err_msg=f"gradient with respect to {name}"
        )


def test_the_maximum_shares_its_gradient_evenly_over_ties():
    # PyTorch documentation of torch.amax: the gradient goes evenly to all equal maxima. Two ties here, both at 1.
    module = build(ChannelAttention, 2, pools=("max",), hidden=2)
    for value in module.parameters():
        value.data.abs_()  # the hidden units stay above 0
    x = torch.zeros(1, 2, 2, 2, dtype=torch.float64)
    x[0, 0, 0, 0] = x[0, 0, 1, 1] = x[0, 1, 0, 1] = 1
    x.requires_grad_()
    module.logits(x).sum().backward()
    slopes = (module.fc2.weight.sum(dim=0) @ module.fc1.weight).tolist()  # d sum(logits) / d maximum, all units open
    expected = [[[slopes[0] / 2, 0.0], [0.0, slopes[0] / 2]], [[0.0, slopes[1]], [0.0, 0.0]]]
    np.testing.assert_allclose(x.grad[0].numpy(), expected, rtol=1e-14, atol=0)
