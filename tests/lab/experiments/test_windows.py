"""The windows that chapter 3 compares: their sizes, their templates and the fixed reading."""

import numpy as np
import pytest
import torch
from scipy.ndimage import uniform_filter

from convattn.lab import runs
from convattn.lab.experiments import places, windows
from convattn.lab.experiments.windows import KINDS


def test_numbers_of_weights():
    weights = {kind: sum(p.numel() for p in windows.spatial_gate(kind).conv.parameters()) for kind in KINDS}
    expected = {f"{k} x {k}": 2 * k * k for k in (1, 3, 5, 7, 9, 11)}
    assert weights == expected | {"3 x 3, dilation 3": 18, "two 3 x 3": 36 + 18}


@pytest.mark.parametrize(
    ("kind", "span"), [("1 x 1", 1), ("3 x 3", 3), ("7 x 7", 7), ("3 x 3, dilation 3", 7), ("two 3 x 3", 5)]
)
def test_what_a_window_spans(kind, span):
    gate = windows.spatial_gate(kind)
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
    assert tuple(int(windows.template(kind, size).sum()) for size in (3, 5, 9)) == taps


def test_a_template_is_centred_in_its_window():
    expected = torch.zeros(7, 7)
    expected[2:5, 2:5] = 1.0
    torch.testing.assert_close(windows.template("7 x 7", 3), expected)


def test_the_matched_gate_is_a_box_over_the_average():
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 4, 12, 12)).astype("float32"))
    with torch.no_grad():
        found = windows.matched_gate("9 x 9", 5).conv(torch.stack([x.mean(dim=1), x.amax(dim=1)], dim=1))
    expected = 25 * uniform_filter(x[0].mean(dim=0).double().numpy(), 5, mode="constant")
    np.testing.assert_allclose(found[0, 0].numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("function", [windows.spatial_gate, lambda kind: windows.template(kind, 3)])
def test_unknown_kinds(function):
    with pytest.raises(ValueError, match=r"kind must be one of .*got '8 x 8'"):
        function("8 x 8")


def test_two_convolutions_have_no_template():
    with pytest.raises(ValueError, match="two 3 x 3"):
        windows.template("two 3 x 3", 3)


def test_a_gate_finds_the_target_that_nobody_showed_it():
    result = windows.run(5, 14, 0, 256, "5 x 5", 0)
    x, _, mask = runs.held_out(windows.draw(5, 14), 0, 1000)
    best = places.pointing(windows.matched_gate("5 x 5", 5).eval().logits(x), mask)
    assert best - 0.1 < result["pointing"] < best + 0.05
    assert result["accuracy"] > places.ceiling(5, 14) + 0.15
    assert result["inside"] > 3 * 25 / 196  # three times a constant gate's


def test_runs_repeat_and_seeds_differ():
    first, again, other = (windows.run(5, 14, 0, 32, "3 x 3", s, steps=5) for s in (0, 0, 1))
    assert first == again != other


def test_templates_point_as_the_number_of_their_taps_says():
    found = windows.ceiling((3, 9), [0])
    assert len(found) == 2 * 7
    assert found[3, "3 x 3"] == found[3, "9 x 9"]  # the same nine weights
    assert found[3, "1 x 1"][0] < found[3, "3 x 3"][0] - 20
    assert found[9, "9 x 9"][0] > found[9, "5 x 5"][0] > found[9, "3 x 3"][0] > found[9, "1 x 1"][0]
    x, _, mask = runs.held_out(windows.draw(9), 0, 1000)
    mean = x.mean(dim=1, keepdim=True)
    assert found[9, "1 x 1"][0] == pytest.approx(100 * places.pointing(mean, mask))
