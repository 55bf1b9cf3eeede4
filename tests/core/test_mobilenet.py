"""MobileNet against sums by hand, a functional network written here, and Table 5 of the CBAM paper."""

import math

import numpy as np
import pytest
import torch
from helpers import draw, message_of, oracle
from torch import Tensor, nn
from torch.nn import functional

from convattn import CBAM, SpatialAttention, SqueezeExcitation
from convattn.lab import records
from convattn.networks.mobilenet import MobileNet, mobilenet

# Howard et al., Table 1: output channels and stride of the 13 blocks; the last depthwise convolution keeps its 7 x 7.
CHANNELS = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
NAMES = [f"blocks.{block}.{part}" for block in range(13) for part in ("depthwise", "pointwise")]


def on_meta(**options) -> MobileNet:
    with torch.device("meta"):
        return mobilenet(**options)


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def places(width: float) -> list[tuple[str, int, int]]:
    """Where attention could stand for 224 pixels: (kind, channels, side of the map), rounded down."""
    channels, side = math.floor(32 * width), 112
    found = [("stem", channels, side)]
    for full, stride in zip(CHANNELS, STRIDES, strict=True):
        side //= stride
        found.append(("depthwise", channels, side))
        channels = math.floor(full * width)
        found.append(("pointwise", channels, side))
    return found


def parameters_by_hand(width: float, attention: str | None) -> int:
    found = places(width)
    total, cin = 27 * found[0][1], 3
    for kind, channels, _ in found:
        total += {"stem": 0, "depthwise": 9 * channels, "pointwise": cin * channels}[kind] + 2 * channels
        if attention:
            total += 2 * channels * (channels // 16) + channels + channels // 16
            total += 100 if attention == "cbam" else 0
        cin = channels
    return total + (cin + 1) * 1000


@pytest.mark.parametrize("width", [1.0, 0.7, 0.5, 1.4])
@pytest.mark.parametrize("attention", [None, "se", "cbam"])
def test_parameters_are_the_sum_by_hand(width, attention):
    assert count(on_meta(width=width, attention=attention)) == parameters_by_hand(width, attention)


def test_parameters_of_width_one():
    # 4.23 M in Table 5. By hand: 864 in the stem, 4,960 * 9 depthwise, 3,139,584 pointwise, 21,888 of batch norm,
    # 1,025,000 of the classifier.
    assert count(mobilenet()) == 864 + 44_640 + 3_139_584 + 21_888 + 1_025_000 == 4_231_976


def test_attention_stands_after_each_of_the_27_convolutions():
    asked = []
    network = on_meta(attention=lambda channels: asked.append(channels) or SqueezeExcitation(channels))
    assert asked == [channels for _, channels, _ in places(1.0)]
    names = [name for name, m in network.named_modules() if isinstance(m, SqueezeExcitation)]
    assert names == ["stem.attention", *(f"{name}.attention" for name in NAMES)]


def logits_by_hand(network: MobileNet, x: Tensor) -> Tensor:
    state = network.state_dict()
    strides = [2, *(s for stride in STRIDES for s in (stride, 1))]
    for name, stride in zip(["stem", *NAMES], strides, strict=True):
        weight = state[f"{name}.conv.weight"]
        groups = x.shape[1] // weight.shape[1]
        x = functional.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2, groups=groups)
        gamma, beta, mean, var = (
            state[f"{name}.bn.{n}"][:, None, None] for n in ("weight", "bias", "running_mean", "running_var")
        )
        x = (x - mean) / (var + 1e-5).sqrt() * gamma + beta
        unit = network.get_submodule(name)
        if unit.attention is not None:
            x = torch.from_numpy(oracle(unit.attention, x).output)
        x = x.clamp(min=0)
    return x.flatten(2).sum(dim=2) / x[0, 0].numel() @ state["fc.weight"].T + state["fc.bias"]


@pytest.mark.parametrize("attention", [None, "se", "cbam"])
def test_forward_is_the_network_written_by_hand(attention):
    network = mobilenet(width=0.5, attention=attention, num_classes=5).double().eval()
    rng = np.random.default_rng(0)
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            new = rng.standard_normal(tuple(value.shape)) * math.sqrt(2 / max(value.shape[1:].numel(), 1))
            positive = name.endswith(("running_var", "bn.weight"))
            value.copy_(torch.from_numpy(rng.uniform(0.5, 2, tuple(value.shape)) if positive else new))
    x = draw((2, 3, 70, 65))
    expected = logits_by_hand(network, x)
    assert expected.std() > 0.1
    with torch.no_grad():
        torch.testing.assert_close(network(x), expected, rtol=1e-9, atol=1e-9)


# Which places of attention agree with Table 5? Multiply-accumulates: 2 C (C // 16) for each pass of the MLP, of which
# CBAM makes two, and 98 a pixel for its convolution; parameters with biases and batch norm.
SETS = [
    {"depthwise"},
    {"pointwise"},
    {"stem", "depthwise"},
    {"stem", "pointwise"},
    {"depthwise", "pointwise"},
    {"stem", "depthwise", "pointwise"},
]
BASE = {"0.7": (2_298_747, 282_957_078), "1.0": (4_231_976, 568_740_352)}  # asserted in test_overhead.py


def misfits(chosen: set[str]) -> list[tuple[str, str, str, str]]:
    """Cells of Table 5's SE and CBAM rows that the places do not give: (row, column, printed, counted)."""
    found = []
    for row in records.published("cbam_t5_mobilenet"):
        if row["variant"] == "base":
            continue
        width, passes = row["arch"].split("_")[1], {"se": 1, "cbam": 2}[row["variant"]]
        parameters, macs = BASE[width]
        for kind, channels, side in places(float(width)):
            if kind in chosen:
                weights = 2 * channels * (channels // 16)
                parameters += weights + channels + channels // 16 + (100 if passes == 2 else 0)
                macs += passes * weights + (98 * side * side if passes == 2 else 0)
        counted = {"params_m": f"{parameters / 1e6:.2f}", "gflops": f"{macs / 1e9:.3f}"}
        found += [(f"{row['arch']} {row['variant']}", c, row[c], counted[c]) for c in counted if row[c] != counted[c]]
    return found


def test_only_after_every_convolution_agrees_with_table_5():
    cells = {frozenset(chosen): misfits(chosen) for chosen in SETS}
    assert cells[frozenset(SETS[-1])] == [("mobilenet_0.7 se", "params_m", "2.71", "2.70")]
    others = {" + ".join(sorted(chosen)): len(found) for chosen, found in cells.items() if chosen != SETS[-1]}
    assert others == {
        "depthwise": 7,
        "pointwise": 7,
        "depthwise + stem": 7,
        "pointwise + stem": 7,
        "depthwise + pointwise": 3,
    }


def test_the_last_cell_of_table_5_agrees_with_hidden_units_rounded_to_the_nearest():
    # 2,704,661 parameters print as 2.70, the paper has 2.71. C / 16 rounded to the nearest and not down changes nothing
    # at width 1.0, where 16 divides all channels, and gives the cell at width 0.7.
    for make, expected in ((SqueezeExcitation, 2_709_854), (CBAM, 2_712_554)):
        network = on_meta(width=0.7, attention=lambda c, make=make: make(c, hidden=round(c / 16)))
        assert count(network) == expected
        assert f"{expected / 1e6:.2f}" == "2.71"
    assert count(on_meta(width=0.7, attention="se")) == 2_704_661


def test_zero_gate_starts_every_spatial_gate_at_one_half():
    x = draw((2, 16, 8, 8)).float()
    for zero in (False, True):
        network = mobilenet(width=0.5, attention="cbam", zero_gate=zero)
        gates = [m for m in network.modules() if isinstance(m, SpatialAttention)]
        assert len(gates) == 27
        with torch.no_grad():
            assert [bool((m.gate(x) == 0.5).all()) for m in gates] == [zero] * 27


BAD = [
    *(({"width": w}, f"width must be a number >= 1/32, got {w!r}") for w in (0, -1.0, 0.03, math.inf, math.nan, "1.0")),
    ({"num_classes": 0}, "num_classes must be an integer >= 1, got 0"),
    (
        {"attention": "eca"},
        "attention must be None, 'se', 'cbam' or a function from channels to a module, got 'eca'",
    ),
    (
        {"attention": "se", "width": 0.4},
        "channels // reduction must be >= 1, got 12 // 16 = 0; allowed: reduction <= 12, or an explicit hidden >= 1",
    ),
    (
        {"attention": "se", "zero_gate": True},
        "zero_gate must be False without spatial attention that has batch norm, got True",
    ),
]


@pytest.mark.parametrize(("options", "message"), BAD, ids=str)
def test_bad_argument_is_named(options, message):
    assert message_of(ValueError, mobilenet, **options) == message


def test_bad_input_is_named():
    message = message_of(ValueError, on_meta(width=0.5), torch.zeros(1, 1, 32, 32))
    assert message == "input must have 3 channels (B, 3, H, W), got (1, 1, 32, 32)"
