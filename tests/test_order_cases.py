"""When the two sequential orders agree, and gates that are made constant."""

import numpy as np
import pytest
import torch

from convattn import CBAM
from convattn.lab import order_cases

X = torch.from_numpy(np.random.default_rng(0).random((4, 8, 6, 6))).float()


@pytest.mark.parametrize("gate", [0.2, 0.5, 1.0])
def test_constant_gates_have_their_value(gate):
    module = CBAM(8, hidden=4).eval()
    order_cases.constant_channel(module, gate)
    order_cases.constant_space(module, gate)
    channel, spatial = module.gates(X)
    torch.testing.assert_close(channel, torch.full((4, 8, 1, 1), gate))
    torch.testing.assert_close(spatial, torch.full((4, 1, 6, 6), gate))


def both(module):
    order_cases.constant_channel(module, 0.7)
    order_cases.constant_space(module, 0.5)


@pytest.mark.parametrize(
    ("prepare", "training", "agree"),
    [
        (lambda module: None, False, False),
        (both, False, True),
        (lambda module: order_cases.constant_space(module, 1.0), False, True),
        (lambda module: order_cases.constant_channel(module, 1.0), False, True),
        (lambda module: order_cases.constant_space(module, 0.5), False, False),
        (lambda module: order_cases.constant_channel(module, 0.7), False, False),
        (lambda module: order_cases.constant_channel(module, 0.7), True, True),  # batch norm removes the factor
        (lambda module: order_cases.constant_space(module, 0.5), True, False),
    ],
)
def test_when_orders_agree(prepare, training, agree):
    for seed in range(3):
        difference = order_cases.order_difference(prepare, X, training=training, seed=seed)
        assert difference < 1e-3 if agree else difference > 1e-2  # epsilon of batch norm leaves 1e-4


@pytest.mark.parametrize("function", [order_cases.constant_channel, order_cases.constant_space])
@pytest.mark.parametrize("gate", [0.0, -1.0, 1.1])
def test_gates_outside_the_range(function, gate):
    with pytest.raises(ValueError, match=f"gate must be above 0 and at most 1, got {gate}"):
        function(CBAM(8, hidden=4), gate)
