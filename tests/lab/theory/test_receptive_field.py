"""Receptive fields, against gradients through stacks of convolutions with positive weights."""

from itertools import chain

import pytest
import torch
from torch import nn

from convattn.lab.theory import receptive_field
from convattn.lab.theory.receptive_field import Field, Window


def seen(windows, side):
    """Return the extent of the middle output's gradient, how far its neighbour's is, and the side of the output."""
    layers = [nn.Conv2d(1, 1, k, stride=s, padding=p, bias=False) for k, s, p in windows]
    for layer in layers:
        nn.init.ones_(layer.weight)
    x = torch.ones(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    y = nn.Sequential(*layers).double()(x)
    middle, extents = y.shape[2] // 2, []
    for place in (middle, middle + 1):
        (gradient,) = torch.autograd.grad(y[0, 0, place, place], x, retain_graph=True)
        extents.append(gradient[0, 0].any(dim=1).nonzero().flatten())
    return len(extents[0]), int(extents[1][0] - extents[0][0]), y.shape[2]


@pytest.mark.parametrize(
    "windows",
    [
        [Window(3, 1, 1)],
        [Window(7, 2, 3), Window(3, 2, 1)],
        [Window(3, 1, 1), Window(1, 2), Window(5, 1, 2), Window(3, 2, 1)],
        [*chain(*receptive_field.resnet_windows((2, 1), bottleneck=False))],
        [*chain(*receptive_field.resnet_windows((3, 2), bottleneck=True))],
    ],
)
def test_fields_agree_with_gradients(windows):
    assert receptive_field.through(windows, Field(1, 1, 200)) == seen(windows, 200)


@pytest.mark.parametrize(
    ("blocks", "options", "expected"),
    [  # by hand: stem 11 at step 4; each 3 x 3 adds 2 steps, the first of a stage 2 of the old steps
        ((3, 4, 6, 3), {"bottleneck": True}, [(11, 4, 56), (35, 4, 56), (91, 8, 28), (267, 16, 14), (427, 32, 7)]),
        # with the stride before the 3 x 3, that adds 2 of the new steps
        (
            (3, 4, 6, 3),
            {"bottleneck": True, "stride_in": "1x1"},
            [(11, 4, 56), (35, 4, 56), (99, 8, 28), (291, 16, 14), (483, 32, 7)],
        ),
        ((2, 2, 2, 2), {"bottleneck": False}, [(11, 4, 56), (43, 4, 56), (99, 8, 28), (211, 16, 14), (435, 32, 7)]),
    ],
)
def test_resnets(blocks, options, expected):
    field, found = Field(1, 1, 224), []
    for windows in receptive_field.resnet_windows(blocks, **options):
        field = receptive_field.through(windows, field)
        found.append(field)
    assert found == expected
