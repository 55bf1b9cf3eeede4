"""When the two sequential orders agree, and gates that are made constant."""

import numpy as np
import pytest
import torch

from convattn import CBAM
from convattn.lab.theory import gate_order

X = torch.from_numpy(np.random.default_rng(0).random((4, 8, 6, 6))).float()


@pytest.mark.parametrize("gate", [0.2, 0.5, 1.0])
def test_constant_gates_have_their_value(gate):
    module = CBAM(8, hidden=4).eval()
    gate_order.constant_channel(module, gate)
    gate_order.constant_space(module, gate)
    channel, spatial = module.gates(X)
    torch.testing.assert_close(channel, torch.full((4, 8, 1, 1), gate))
    torch.testing.assert_close(spatial, torch.full((4, 1, 6, 6), gate))


def both(module):
    gate_order.constant_channel(module, 0.7)
    gate_order.constant_space(module, 0.5)


@pytest.mark.parametrize(
    ("prepare", "training", "agree"),
    [
        (lambda module: None, False, False),
        (both, False, True),
        (lambda module: gate_order.constant_space(module, 1.0), False, True),
        (lambda module: gate_order.constant_channel(module, 1.0), False, True),
        (lambda module: gate_order.constant_space(module, 0.5), False, False),
        (lambda module: gate_order.constant_channel(module, 0.7), False, False),
        (lambda module: gate_order.constant_channel(module, 0.7), True, True),  # batch norm removes the factor
        (lambda module: gate_order.constant_space(module, 0.5), True, False),
    ],
)
def test_when_orders_agree(prepare, training, agree):
    for seed in range(3):
        difference = gate_order.order_difference(prepare, X, training=training, seed=seed)
        assert difference < 1e-3 if agree else difference > 1e-2  # epsilon of batch norm leaves 1e-4


@pytest.mark.parametrize("function", [gate_order.constant_channel, gate_order.constant_space])
@pytest.mark.parametrize("gate", [0.0, -1.0, 1.1])
def test_gates_outside_the_range(function, gate):
    with pytest.raises(ValueError, match=f"gate must be above 0 and at most 1, got {gate}"):
        function(CBAM(8, hidden=4), gate)


def test_same_weights_differ_in_the_order_alone():
    x = torch.from_numpy(np.random.default_rng(0).random((2, 8, 6, 6))).float()
    outputs = gate_order.same_weights(lambda order: CBAM(8, hidden=4, order=order), x, seed=3)
    torch.manual_seed(3)
    module = CBAM(8, hidden=4, order="spatial-channel").eval()
    torch.testing.assert_close(outputs["spatial-channel"], module(x))
    module.order = "channel-spatial"
    torch.testing.assert_close(outputs["channel-spatial"], module(x))
    assert not torch.allclose(outputs["channel-spatial"], outputs["spatial-channel"])


def test_gamma_zero_makes_the_spatial_gate_one_half():
    x = torch.from_numpy(np.random.default_rng(0).random((2, 8, 6, 6))).float()
    outputs = gate_order.same_weights(lambda order: CBAM(8, hidden=4, order=order), x, gamma=0.0)
    torch.manual_seed(0)
    channel = CBAM(8, hidden=4).channel
    torch.testing.assert_close(outputs["channel-spatial"], channel(x) / 2)


def test_distance_by_hand():
    assert gate_order.distance(torch.tensor([3.0, 0.0]), torch.tensor([0.0, 4.0])) == pytest.approx(5 / 4)
