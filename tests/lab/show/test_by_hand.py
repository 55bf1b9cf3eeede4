"""Steps by hand: every number of the computation, and the module's own."""

import re

import pytest
import torch

from convattn import CBAM, ChannelAttention, SpatialAttention, SqueezeExcitation
from convattn.lab.proof import worked
from convattn.lab.show import step_by_step


@pytest.fixture
def cbam():
    module = CBAM(2, hidden=1, bias=False, norm=False).eval()
    worked.set_mlp(module.channel)
    worked.set_window(module.spatial)
    return module


def numbers(drawing):
    return re.findall(r'class="number"[^>]*>([^<]*)<', drawing.svg())


def test_every_step_by_hand(cbam):
    drawing = step_by_step(cbam, worked.feature_map())
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
    last = step_by_step(cbam, x).steps[-1].parts
    torch.testing.assert_close(torch.stack([part.values for part in last]), cbam(x)[0])


@pytest.mark.parametrize("order", ["channel-spatial", "spatial-channel"])
def test_the_gate_that_comes_second_reads_the_gated_map(cbam, order):
    other = CBAM(2, hidden=1, bias=False, norm=False, order=order).eval()
    other.load_state_dict(cbam.state_dict())
    steps = step_by_step(other, worked.feature_map()).steps
    titles = [step.title for step in steps]
    channel = titles.index("Add, then σ: which channels?")
    spatial = titles.index("Convolve, then σ: which positions?")
    assert (channel < spatial) == (order == "channel-spatial")
    for place, gate in zip((channel, spatial), other.gates(worked.feature_map()), strict=True):
        torch.testing.assert_close(steps[place].parts[-1].values.ravel(), gate.ravel())
    torch.testing.assert_close(torch.stack([p.values for p in steps[-1].parts]), other(worked.feature_map())[0])


@pytest.mark.parametrize(
    ("module", "titles"),
    [
        (SqueezeExcitation(2, hidden=1), ["Mean over the positions, then the MLP", "σ: which channels?"]),
        (
            ChannelAttention(2, hidden=1, pools=("max",)),
            ["Maximum over the positions, then the MLP", "σ: which channels?"],
        ),
        (
            SpatialAttention(kernel_size=3, pools=("max",), norm=False),
            ["Maximum over the channels", "Convolve, then σ: which positions?"],
        ),
    ],
)
def test_one_gate_alone(module, titles):
    x = worked.feature_map()
    steps = step_by_step(module, x).steps
    assert [step.title for step in steps[1:-1]] == titles
    torch.testing.assert_close(steps[-2].parts[-1].values.ravel(), module.gate(x).detach().ravel())
    torch.testing.assert_close(torch.stack([p.values for p in steps[-1].parts]), module(x)[0].detach())


def test_bad_arguments(cbam):
    with pytest.raises(ValueError, match=r"x must be one image \(1, C, H, W\), got \(2, 2, 2, 2\)"):
        step_by_step(cbam, torch.zeros(2, 2, 2, 2))
    with pytest.raises(ValueError, match="got order='parallel'"):
        step_by_step(CBAM(2, hidden=1, order="parallel").eval(), worked.feature_map())
