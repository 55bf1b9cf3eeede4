"""The residual networks against sums by hand, a functional network written here, and torchvision's names."""

import math

import numpy as np
import pytest
import torch
from helpers import draw, message_of, oracle
from torch import Tensor, nn
from torch.nn import functional

from convattn import CBAM, SpatialAttention, SqueezeExcitation
from convattn.networks.resnet import NETWORKS, ResNet, Subsample, resnet

# He et al., Table 1 and section 4.2; Xie et al., Table 1 (32 groups of 4 channels in the first stage make 128, twice
# the stage's width): convolutions of a block, blocks, widths, stem, groups, inner channels over width.
LAYOUT = {
    "resnet18": (2, (2, 2, 2, 2), (64, 128, 256, 512), 64, 1, 1),
    "resnet34": (2, (3, 4, 6, 3), (64, 128, 256, 512), 64, 1, 1),
    "resnet50": (3, (3, 4, 6, 3), (64, 128, 256, 512), 64, 1, 1),
    "resnet101": (3, (3, 4, 23, 3), (64, 128, 256, 512), 64, 1, 1),
    "resnext50_32x4d": (3, (3, 4, 6, 3), (64, 128, 256, 512), 64, 32, 2),
    "resnext101_32x4d": (3, (3, 4, 23, 3), (64, 128, 256, 512), 64, 32, 2),
    "wide_resnet18_1.5": (2, (2, 2, 2, 2), (96, 192, 384, 768), 64, 1, 1),
    "wide_resnet18_2.0": (2, (2, 2, 2, 2), (128, 256, 512, 1024), 64, 1, 1),
    "resnet20": (2, (3, 3, 3), (16, 32, 64), 16, 1, 1),
    "resnet32": (2, (5, 5, 5), (16, 32, 64), 16, 1, 1),
    "resnet56": (2, (9, 9, 9), (16, 32, 64), 16, 1, 1),
    "resnet110": (2, (18, 18, 18), (16, 32, 64), 16, 1, 1),
}
# Written down before this code was: the first three by closed form, ResNet-50's also counted by osmr/imgclsmob.
TOTALS = {
    "resnet18": (11_689_512, 11_778_592, 11_779_392),
    "resnet34": (21_797_672, 21_958_868, 21_960_468),
    "resnet50": (25_557_032, 28_088_024, 28_089_624),
    "resnet101": (44_549_160, 49_326_872, 49_330_172),
}
VARIANTS = (None, "se", "cbam")


def on_meta(name: str, **options) -> ResNet:
    with torch.device("meta"):
        return resnet(name, **options)


def parameters_by_hand(name: str, attention: str | None) -> int:
    convs, depths, widths, cin, groups, ratio = LAYOUT[name]
    small = len(depths) == 3
    total = 3 * cin * (9 if small else 49) + 2 * cin  # stem and its batch norm
    for depth, width in zip(depths, widths, strict=True):
        cout, inner = (4 * width, ratio * width) if convs == 3 else (width, width)
        for index in range(depth):
            if convs == 3:
                weights = cin * inner + 9 * inner * inner // groups + inner * cout
                total += weights + 2 * (inner + inner + cout)
            else:
                total += 9 * cin * width + 9 * width * width + 4 * width
            if index == 0 and cin != cout and not small:
                total += cin * cout + 2 * cout
            if attention:
                total += 2 * cout * (cout // 16) + cout + cout // 16 + (100 if attention == "cbam" else 0)
            cin = cout
    return total + (cin + 1) * (10 if small else 1000)


@pytest.mark.parametrize("name", LAYOUT)
def test_parameters_are_the_sum_by_hand(name):
    counts = tuple(sum(p.numel() for p in on_meta(name, attention=a).parameters()) for a in VARIANTS)
    assert counts == tuple(parameters_by_hand(name, attention) for attention in VARIANTS)
    assert counts == TOTALS.get(name, counts)


def test_every_name_has_a_layout():
    assert list(NETWORKS) == list(LAYOUT)


def torchvision_names(blocks: tuple[int, ...], convs: int, projected: tuple[int, ...]) -> set[str]:
    """The naming rule of torchvision's state dict, written out: projections stand in the first blocks of stages."""
    bn = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    names = {"conv1.weight", "fc.weight", "fc.bias"} | {f"bn1.{n}" for n in bn}
    for stage, count in enumerate(blocks, start=1):
        for block in range(count):
            prefix = f"layer{stage}.{block}."
            for conv in range(1, convs + 1):
                names |= {f"{prefix}conv{conv}.weight"} | {f"{prefix}bn{conv}.{n}" for n in bn}
            if block == 0 and stage in projected:
                names |= {f"{prefix}downsample.0.weight"} | {f"{prefix}downsample.1.{n}" for n in bn}
    return names


@pytest.mark.parametrize("stride_in", ["3x3", "1x1"])
def test_names_and_shapes_are_those_of_torchvision(stride_in):
    small = on_meta("resnet18", stride_in=stride_in).state_dict()
    large = on_meta("resnet50", stride_in=stride_in).state_dict()
    assert (len(small), len(large)) == (122, 320)
    assert set(small) == torchvision_names((2, 2, 2, 2), 2, (2, 3, 4))
    assert set(large) == torchvision_names((3, 4, 6, 3), 3, (1, 2, 3, 4))
    shapes = {
        "conv1.weight": (64, 3, 7, 7),
        "layer1.0.conv1.weight": (64, 64, 1, 1),
        "layer1.0.conv3.weight": (256, 64, 1, 1),
        "layer1.0.downsample.0.weight": (256, 64, 1, 1),
        "layer2.0.conv1.weight": (128, 256, 1, 1),
        "layer2.0.conv2.weight": (128, 128, 3, 3),
        "layer4.2.bn3.running_var": (2048,),
        "fc.weight": (1000, 2048),
    }
    assert {name: tuple(large[name].shape) for name in shapes} == shapes
    grouped = on_meta("resnext50_32x4d").state_dict()
    assert set(grouped) == set(large)
    assert grouped["layer1.0.conv2.weight"].shape == (128, 4, 3, 3)
    assert grouped["layer4.0.conv2.weight"].shape == (1024, 32, 3, 3)


@pytest.mark.parametrize("attention", ["se", "cbam"])
def test_attention_adds_its_own_names_alone(attention):
    plain, more = on_meta("resnet50").state_dict(), on_meta("resnet50", attention=attention).state_dict()
    added = set(more) - set(plain)
    assert set(plain) < set(more)
    assert {name.split(".attention.")[0] for name in added} == {
        f"layer{stage}.{block}" for stage, count in ((1, 3), (2, 4), (3, 6), (4, 3)) for block in range(count)
    }
    assert len(added) == 16 * {"se": 4, "cbam": 10}[attention]


def drawn(network: nn.Module, seed: int = 0) -> nn.Module:
    """The network in float64 and eval mode, every number of its state drawn."""
    rng = np.random.default_rng(seed)
    network.double().eval()
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            new = rng.standard_normal(tuple(value.shape)) / math.sqrt(max(value.shape[1:].numel(), 1))
            positive = name.endswith("running_var")
            value.copy_(torch.from_numpy(rng.uniform(0.5, 2, tuple(value.shape)) if positive else new))
    return network


def norm(state: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    gamma, beta, mean, var = (
        state[f"{name}.{n}"][:, None, None] for n in ("weight", "bias", "running_mean", "running_var")
    )
    return (x - mean) / (var + 1e-5).sqrt() * gamma + beta


def block_by_hand(
    state: dict[str, Tensor], block: nn.Module, name: str, x: Tensor, *, stride: int, stride_in: str, groups: int
) -> Tensor:
    """A residual block from its weights: relu(A(branch) + shortcut), with the attention A from the NumPy oracle."""
    if f"{name}.conv3.weight" in state:
        steps = [(1, stride if stride_in == "1x1" else 1), (2, stride if stride_in == "3x3" else 1), (3, 1)]
    else:
        steps = [(1, stride), (2, 1)]
    y = x
    for number, step in steps:
        weight = state[f"{name}.conv{number}.weight"]
        y = functional.conv2d(
            y, weight, stride=step, padding=weight.shape[-1] // 2, groups=groups if weight.shape[1] != y.shape[1] else 1
        )
        y = norm(state, f"{name}.bn{number}", y)
        if number < len(steps):
            y = y.clamp(min=0)
    if block.attention is not None:
        y = torch.from_numpy(oracle(block.attention, y).output)
    if f"{name}.downsample.0.weight" in state:
        x = norm(
            state, f"{name}.downsample.1", functional.conv2d(x, state[f"{name}.downsample.0.weight"], stride=stride)
        )
    elif x.shape != y.shape:  # option A: the rest of the channels is zero
        shortcut = torch.zeros_like(y)
        shortcut[:, : x.shape[1]] = x[:, :, ::2, ::2]
        x = shortcut
    return (y + x).clamp(min=0)


def logits_by_hand(network: ResNet, x: Tensor, *, stride_in: str, groups: int, small: bool) -> Tensor:
    state = network.state_dict()
    x = functional.conv2d(x, state["conv1.weight"], stride=1 if small else 2, padding=1 if small else 3)
    x = norm(state, "bn1", x).clamp(min=0)
    if not small:
        x = functional.max_pool2d(functional.pad(x, (1, 1, 1, 1), value=-math.inf), 3, 2)
    for stage in (1, 2, 3):
        for index in (0, 1):
            name, stride = f"layer{stage}.{index}", 2 if index == 0 and stage > 1 else 1
            block = network.get_submodule(name)
            x = block_by_hand(state, block, name, x, stride=stride, stride_in=stride_in, groups=groups)
    return x.flatten(2).sum(dim=2) / x[0, 0].numel() @ state["fc.weight"].T + state["fc.bias"]


KINDS = {
    "basic": {},
    "bottleneck, stride in 3x3": {"bottleneck": True},
    "bottleneck, stride in 1x1": {"bottleneck": True, "stride_in": "1x1"},
    "groups": {"bottleneck": True, "groups": 4, "width_per_group": 32},
    "CIFAR": {"small_input": True},
}


@pytest.mark.parametrize("attention", VARIANTS)
@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
def test_forward_is_the_network_written_by_hand(options, attention):
    network = drawn(ResNet(depths=(2, 2, 2), widths=(16, 24, 32), num_classes=5, attention=attention, **options))
    x = draw((2, 3, 37, 30))
    expected = logits_by_hand(
        network,
        x,
        stride_in=options.get("stride_in", "3x3"),
        groups=options.get("groups", 1),
        small=options.get("small_input", False),
    )
    assert expected.std() > 0.1
    with torch.no_grad():
        torch.testing.assert_close(network(x), expected, rtol=1e-9, atol=1e-9)


def test_the_two_strides_share_keys_and_not_the_function():
    first = drawn(ResNet(depths=(1, 1), widths=(16, 16), bottleneck=True, stride_in="3x3"))
    other = ResNet(depths=(1, 1), widths=(16, 16), bottleneck=True, stride_in="1x1").double().eval()
    other.load_state_dict(first.state_dict())  # strict: no error warns anyone
    strides = [[m.stride[0] for m in (n.layer2[0].conv1, n.layer2[0].conv2)] for n in (first, other)]
    assert strides == [[1, 2], [2, 1]]
    x = draw((2, 3, 32, 32))
    with torch.no_grad():
        assert (first(x) - other(x)).abs().max() > 0.01
        assert torch.equal(first.layer1(x := draw((2, 64, 8, 8))), other.layer1(x))  # stride 1: the same


class Times(nn.Module):
    """A gate that multiplies by a constant."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
def test_attention_stands_before_the_addition(options):
    # A gate of 0 closes the branch and leaves relu(shortcut); a gate of -1 shows that no ReLU comes between.
    build = {"depths": (2, 2), "widths": (16, 24), **options}
    closed = drawn(ResNet(**build, attention=lambda channels: Times(0.0)))
    turned = drawn(ResNet(**build, attention=lambda channels: Times(-1.0)))
    plain = drawn(ResNet(**build))
    for name in ("layer1.1", "layer2.0"):
        block = plain.get_submodule(name)
        last = [part for part in block.children() if isinstance(part, nn.BatchNorm2d)][-1]
        branch = []
        last.register_forward_hook(lambda part, inputs, output, branch=branch: branch.append(output))
        x = draw((2, block.conv1.in_channels, 6, 5))
        with torch.no_grad():
            block(x)
            shortcut = x if block.downsample is None else block.downsample(x)
            assert branch[0].min() < 0 < branch[0].max()
            assert torch.equal(closed.get_submodule(name)(x), shortcut.clamp(min=0))
            assert torch.equal(turned.get_submodule(name)(x), (shortcut - branch[0]).clamp(min=0))


def test_a_function_makes_each_module_for_its_channels():
    asked = []

    def make(channels: int) -> nn.Module | None:
        asked.append(channels)
        return SqueezeExcitation(channels, reduction=8) if channels < 512 else None

    network = on_meta("resnet18", attention=make)
    assert asked == [64, 64, 128, 128, 256, 256, 512, 512]
    modules = [m for m in network.modules() if isinstance(m, SqueezeExcitation)]
    assert [m.fc1.out_features for m in modules] == [8, 8, 16, 16, 32, 32]
    assert network.layer4[0].attention is None


def test_subsample_by_hand():
    x = torch.arange(1.0, 16.0).view(1, 1, 3, 5)  # rows 1-5, 6-10, 11-15
    expected = torch.tensor([[[1.0, 3, 5], [11, 13, 15]], [[0, 0, 0], [0, 0, 0]]])[None]
    assert torch.equal(Subsample(1, stride=2)(x), expected)
    assert torch.equal(Subsample(0, stride=1)(x), x)
    assert not list(Subsample(1, stride=2).parameters())


def test_zero_gate_starts_every_spatial_gate_at_one_half():
    # sigmoid(0 * anything + 0) = 1/2; otherwise gamma is 1 and the gates differ from place to place.
    x = draw((2, 64, 8, 8)).float()
    open_, closed = (resnet("resnet20", attention="cbam", zero_gate=z) for z in (False, True))
    for network in (open_, closed):
        gates = [m for m in network.modules() if isinstance(m, SpatialAttention)]
        assert len(gates) == 9
        with torch.no_grad():
            half = [bool((m.gate(x) == 0.5).all()) for m in gates]
        assert half == [network is closed] * 9
    norms = [m.weight for name, m in closed.named_modules() if name.endswith(("bn1", "bn2"))]
    assert all((weight == 1).all() for weight in norms)


@pytest.mark.parametrize(
    "attention", [None, "se", lambda channels: CBAM(channels, norm=False)], ids=["none", "se", "no norm"]
)
def test_zero_gate_needs_a_gate(attention):
    message = message_of(ValueError, resnet, "resnet20", attention=attention, zero_gate=True)
    assert message == "zero_gate must be False without spatial attention that has batch norm, got True"


def test_starting_values():
    # Kaiming, fan-out: variance 2 / (output channels * 9). The standard deviation of 36,864 numbers is known to 0.4 %.
    torch.manual_seed(0)
    made = []

    def make(channels: int) -> nn.Module:
        made.append(CBAM(channels))
        made.append({name: value.clone() for name, value in made[-1].state_dict().items()})
        return made[-2]

    network = ResNet(depths=(1, 1), widths=(64, 32), attention=make)
    assert network.layer1[0].conv1.weight.std().item() == pytest.approx(math.sqrt(2 / (64 * 9)), rel=0.02)
    assert network.layer2[0].conv1.weight.std().item() == pytest.approx(math.sqrt(2 / (32 * 9)), rel=0.03)
    assert network.layer2[0].downsample[0].weight.std().item() == pytest.approx(math.sqrt(2 / 32), rel=0.06)
    assert (network.layer1[0].bn2.weight == 1).all()
    assert (network.layer1[0].bn2.bias == 0).all()
    for module, before in zip(made[::2], made[1::2], strict=True):  # attention keeps the values it made itself
        assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_classes():
    assert on_meta("resnet20").fc.out_features == 10
    assert on_meta("resnet18").fc.out_features == 1000
    assert on_meta("resnet18", num_classes=7).fc.out_features == 7
    assert on_meta("resnet20", num_classes=100).fc.out_features == 100


NAMES = ", ".join(repr(name) for name in LAYOUT)
HOW = "attention must be None, 'se', 'cbam' or a function from channels to a module, got "
BAD = [
    ({"name": "resnet19"}, f"name must be one of {NAMES}, got 'resnet19'"),
    ({"name": "resnet20", "attention": "eca"}, f"{HOW}'eca'"),
    ({"name": "resnet20", "attention": nn.Identity()}, f"{HOW}Identity()"),
    ({"name": "resnet20", "stride_in": "2x2"}, "stride_in must be one of '3x3', '1x1', got '2x2'"),
    ({"name": "resnet20", "num_classes": 0}, "num_classes must be an integer >= 1, got 0"),
]
BAD_LAYOUT = [
    ({"depths": (1, 1), "widths": (8,)}, "depths and widths must have the same length >= 1, got (1, 1) and (8,)"),
    ({"depths": (), "widths": ()}, "depths and widths must have the same length >= 1, got () and ()"),
    ({"depths": (1, 0), "widths": (8, 8)}, "depths must be an integer >= 1, got 0"),
    ({"depths": (1,), "widths": (0,)}, "widths must be an integer >= 1, got 0"),
    ({"depths": (1,), "widths": (8,), "groups": 0}, "groups must be an integer >= 1, got 0"),
    ({"depths": (1,), "widths": (8,), "width_per_group": 0}, "width_per_group must be an integer >= 1, got 0"),
]


@pytest.mark.parametrize(("options", "message"), BAD, ids=str)
def test_bad_argument_of_resnet_is_named(options, message):
    assert message_of(ValueError, resnet, **options) == message


@pytest.mark.parametrize(("options", "message"), BAD_LAYOUT, ids=str)
def test_bad_argument_of_the_class_is_named(options, message):
    assert message_of(ValueError, ResNet, **options) == message


def test_bad_input_is_named():
    network = on_meta("resnet20")
    wrong = "input must have 3 channels (B, 3, H, W), got (1, 4, 32, 32)"
    assert message_of(ValueError, network, torch.zeros(1, 4, 32, 32)) == wrong
    assert "got dtype torch.int64" in message_of(TypeError, network, torch.zeros(1, 3, 32, 32, dtype=torch.int64))
