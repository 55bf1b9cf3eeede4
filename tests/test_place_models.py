"""The windows that chapter 3 compares: their sizes, their templates and the fixed reading."""

import numpy as np
import pytest
import torch
from scipy.ndimage import uniform_filter
from torch import nn

from convattn.lab import place_models
from convattn.lab.place_models import KINDS


def test_numbers_of_weights():
    weights = {kind: sum(p.numel() for p in place_models.spatial_gate(kind).conv.parameters()) for kind in KINDS}
    expected = {f"{k} x {k}": 2 * k * k for k in (1, 3, 5, 7, 9, 11)}
    assert weights == expected | {"3 x 3, dilation 3": 18, "two 3 x 3": 36 + 18}


@pytest.mark.parametrize(
    ("kind", "span"), [("1 x 1", 1), ("3 x 3", 3), ("7 x 7", 7), ("3 x 3, dilation 3", 7), ("two 3 x 3", 5)]
)
def test_what_a_window_spans(kind, span):
    gate = place_models.spatial_gate(kind)
    with torch.no_grad():
        for weights in gate.conv.parameters():
            weights.fill_(1.0)
    x = torch.zeros(1, 2, 15, 15)
    x[..., 7, 7] = 1.0
    rows = np.nonzero((gate.conv(x)[0, 0] != 0).any(dim=1).numpy())[0]
    assert (rows.min(), rows.max()) == (7 - span // 2, 7 + span // 2)


@pytest.mark.parametrize(
    ("kind", "taps"),
    [
        ("1 x 1", (1, 1, 1)),
        ("3 x 3", (9, 9, 9)),
        ("7 x 7", (9, 25, 49)),
        ("11 x 11", (9, 25, 81)),
        ("3 x 3, dilation 3", (1, 4, 9)),  # taps at 0, 3, 6 along a side: 5 pixels cover two of them, 9 pixels three
    ],
)
def test_taps_on_the_target(kind, taps):
    assert tuple(int(place_models.template(kind, size).sum()) for size in (3, 5, 9)) == taps


def test_a_template_is_centred_in_its_window():
    expected = torch.zeros(7, 7)
    expected[2:5, 2:5] = 1.0
    torch.testing.assert_close(place_models.template("7 x 7", 3), expected)


def test_the_matched_gate_is_a_box_over_the_average():
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 4, 12, 12)).astype("float32"))
    with torch.no_grad():
        found = place_models.matched_gate("9 x 9", 5).conv(torch.stack([x.mean(dim=1), x.amax(dim=1)], dim=1))
    expected = 25 * uniform_filter(x[0].mean(dim=0).double().numpy(), 5, mode="constant")
    np.testing.assert_allclose(found[0, 0].numpy(), expected, atol=1e-5)


def test_the_reading_by_hand():
    x = torch.zeros(2, 8, 3, 3)
    x[0, 0, 0, 0], x[0, 1, 0, 0], x[1, 0], x[1, 1] = 1.0, -1.0, -2.0, 2.0
    x[0, 2, 1, 1] = 4.0
    read = place_models.ReadSign(nn.Identity())
    torch.testing.assert_close(read(x), torch.tensor([0.01, -0.18]))
    two = place_models.ReadSign(nn.Identity(), pairs=2)
    torch.testing.assert_close(two(x), torch.tensor([0.03, -0.18]))


@pytest.mark.parametrize("function", [place_models.spatial_gate, lambda kind: place_models.template(kind, 3)])
def test_unknown_kinds(function):
    with pytest.raises(ValueError, match=r"kind must be one of .*got '8 x 8'"):
        function("8 x 8")


def test_two_convolutions_have_no_template():
    with pytest.raises(ValueError, match="two 3 x 3"):
        place_models.template("two 3 x 3", 3)
