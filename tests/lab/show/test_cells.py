"""Coloured cells: every number of the computation, and the module's own."""

import re

import pytest
import torch

from convattn import CBAM
from convattn.lab.proof import worked
from convattn.lab.show import ByHand, Cells, Step, cbam_by_hand


@pytest.fixture
def cbam():
    module = CBAM(2, hidden=1, bias=False, norm=False).eval()
    worked.set_mlp(module.channel)
    worked.set_window(module.spatial)
    return module


def numbers(drawing):
    return re.findall(r'class="number"[^>]*>([^<]*)<', drawing.svg())


def test_every_step_by_hand(cbam):
    drawing = cbam_by_hand(cbam, worked.feature_map())
    # ReLU(0.5 * 3 - 0.5 * 1) = 1 and ReLU(0.5 * 6 - 0.5 * 4) = 1; sigmoid(2) = 0.8808, sigmoid(-2) = 0.1192;
    # top right: mean (2 * 0.8808 + 4 * 0.1192) / 2 = 1.119, maximum 1.762, others 0.8808 * (1 + 3 + 6) = 8.808:
    # 1.119 + 1.762 - 4.404 = -1.523, sigmoid(-1.523) = 0.179; 1.762 * 0.179 = 0.315 and 0.477 * 0.179 = 0.085
    assert numbers(drawing) == [
        *("1", "2", "3", "6", "0", "4", "0", "0"),
        *("3", "1", "1", "1", "−1", "6", "4", "1", "1", "−1", "2", "−2", "0.88", "0.12"),
        *("0.88", "1.76", "2.64", "5.28", "0", "0.48", "0", "0"),
        *("0.44", "1.12", "1.32", "2.64", "0.88", "1.76", "2.64", "5.28"),
        *("−3.52", "−1.52", "0", "5.28", "0.03", "0.18", "0.5", "0.99"),
        *("0.03", "0.32", "1.32", "5.26", "0", "0.09", "0", "0"),
    ]
    assert repr(drawing).count("\n") == len(drawing.steps)
    assert "gate Mc = (0.88 0.12)" in repr(drawing)


def test_the_output_is_the_module_s(cbam):
    x = torch.tensor([[[[0.3, 1.0], [2.0, 0.1]], [[4.0, 0.0], [1.0, 1.5]]]])
    last = cbam_by_hand(cbam, x).steps[-1].parts
    torch.testing.assert_close(torch.stack([part.values for part in last]), cbam(x)[0])


def test_colours_tell_size_kind_and_sign():
    steps = [Step("a", [Cells([1.0, 4.0], "x"), "→", Cells([-2.0], "z", "logit"), Cells([0.5], "g", "gate")])]
    drawn = ByHand(steps, caption="c").svg()
    fills = re.findall(r'fill="(#\w+)" fill-opacity="([\d.]+)"', drawn)
    assert [colour for colour, _ in fills] == ["#0072b2", "#0072b2", "#666666", "#009e73"]
    assert [float(strength) for _, strength in fills] == pytest.approx([0.155, 0.5, 0.5, 0.27], abs=0.006)
    assert ">→</text>" in drawn


def test_bad_arguments(cbam):
    with pytest.raises(ValueError, match="at least one step"):
        ByHand([], caption="")
    with pytest.raises(ValueError, match=r"x: values must have 1 or 2 dimensions, got \(1, 1, 1\)"):
        ByHand([Step("a", [Cells([[[1]]], "x")])], caption="")
    with pytest.raises(ValueError, match=r"x must be one image for the channel gate first, got \(2, 2, 2, 2\)"):
        cbam_by_hand(cbam, torch.zeros(2, 2, 2, 2))
    with pytest.raises(ValueError, match="'parallel'"):
        cbam_by_hand(CBAM(2, hidden=1, order="parallel").eval(), worked.feature_map())
