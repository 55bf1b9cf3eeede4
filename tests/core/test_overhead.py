"""The counts against counting by hand, PyTorch's FlopCounterMode, closed forms, and the CBAM paper's Tables 4 and 5."""

import copy
import runpy
import subprocess
import sys

import pytest
import torch
from helpers import message_of
from torch import nn
from torch.nn.utils import prune
from torch.utils.flop_counter import FlopCounterMode

from convattn import CBAM, SqueezeExcitation
from convattn.lab import records
from convattn.networks import mobilenet, resnet
from convattn.networks.resnet import NETWORKS
from convattn.overhead import Cost, _operations, cbam_formula, grouped, overhead, se_formula, total
from convattn.overhead.__main__ import main


def on_meta(name: str, *, stride_in: str = "3x3", **options) -> nn.Module:
    with torch.device("meta"):
        if name.startswith("mobilenet"):
            return mobilenet(width=float(name.split("_")[1]), **options)
        return resnet(name, stride_in=stride_in, **options)


def flop_counter_macs(module: nn.Module, shape: tuple[int, ...]) -> int:
    """Half of what PyTorch's own counter says: it counts a multiply-accumulate as 2 operations.

    Batch norm, which it does not count and which is slow on the meta device, is left out of a copy.
    """
    module = copy.deepcopy(module).to("meta").eval()
    for part in list(module.modules()):
        for name, child in list(part.named_children()):
            if isinstance(child, nn.BatchNorm2d):
                setattr(part, name, nn.Identity())
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(torch.empty(*shape, device="meta"))
    assert counter.get_total_flops() % 2 == 0
    return counter.get_total_flops() // 2


def test_a_small_network_by_hand():
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16, 5),
    )
    # Input (2, 3, 8, 8): 384 elements; then (2, 4, 4, 4): 128; pooled (2, 4, 2, 2): 32, with as many indices of 8
    # bytes; logits (2, 5). Conv: 128 outputs of 27 products. Batch norm reads its 4 vectors of 4 and keeps, in
    # training, its input and 2 vectors of 4. ReLU keeps its output, which max pooling keeps too: counted once. The
    # linear layer keeps the pooled map. Flatten is a view.
    assert overhead(network, (2, 3, 8, 8)) == [
        Cost("0", "Conv2d", None, 1, 112, 128 * 27, 384 + 112, 128, 4 * 384),
        Cost("1", "BatchNorm2d", None, 1, 8, 0, 128 + 16, 128, 4 * (128 + 8)),
        Cost("2", "ReLU", None, 1, 0, 0, 128, 128, 4 * 128),
        Cost("3", "MaxPool2d", None, 1, 0, 0, 128, 32 + 32, 8 * 32),
        Cost("5", "Linear", None, 1, 85, 10 * 16, 32 + 85, 10, 4 * 32),
    ]


B, C, H, W, HIDDEN = 2, 32, 5, 4, 2
MAP, PIXELS = B * C * H * W, B * H * W


def test_squeeze_excitation_by_hand():
    # Mean, sigmoid, product, and two linear layers with a ReLU between. Kept: the map, its mean, the hidden units
    # (once, for ReLU and the layer that reads them) and the gate.
    rows = overhead(SqueezeExcitation(C), (B, C, H, W))
    assert rows == [
        Cost(
            "",
            "SqueezeExcitation",
            "",
            operations=3,
            read=MAP + B * C + (MAP + B * C),
            written=B * C + B * C + MAP,
            saved=4 * (MAP + B * C),
        ),
        Cost("fc1", "Linear", "", 1, 66, B * C * HIDDEN, B * C + 66, B * HIDDEN, 4 * B * C),
        Cost("relu", "ReLU", "", 1, 0, 0, B * HIDDEN, B * HIDDEN, 4 * B * HIDDEN),
        Cost("fc2", "Linear", "", 1, 96, B * C * HIDDEN, B * HIDDEN + 96, B * C, 0),
    ]


def test_cbam_by_hand():
    # Channel part: mean, maximum, stack, sum, sigmoid, product, and the MLP. Spatial part: mean, maximum,
    # concatenation, sigmoid, product. Six reads and two writes of the whole map, where squeeze-and-excitation has two
    # and one.
    rows = {row.name: row[3:] for row in overhead(CBAM(C), (B, C, H, W))}
    vector, pair = B * C, 2 * B * HIDDEN
    assert rows == {
        "channel": (
            6,
            0,
            0,
            2 * MAP + 2 * vector + 2 * vector + vector + (MAP + vector),
            2 * vector + 2 * vector + vector + vector + MAP,
            4 * (MAP + vector + vector),  # the map, its maxima, the gate
        ),
        "channel.fc1": (1, 66, 2 * B * C * HIDDEN, 2 * vector + 66, pair, 4 * 2 * vector),
        "channel.relu": (1, 0, 0, pair, pair, 4 * pair),
        "channel.fc2": (1, 96, 2 * B * C * HIDDEN, pair + 96, 2 * vector, 0),
        "spatial": (
            5,
            0,
            0,
            2 * MAP + 2 * PIXELS + PIXELS + (MAP + PIXELS),
            2 * PIXELS + 2 * PIXELS + PIXELS + MAP,
            4 * (MAP + PIXELS + PIXELS),  # the map after the channel gate, its maxima, the gate
        ),
        "spatial.conv": (1, 98, 98 * PIXELS, 2 * PIXELS + 98, PIXELS, 4 * 2 * PIXELS),
        "spatial.norm": (1, 2, 0, PIXELS + 4, PIXELS, 4 * (PIXELS + 2)),
    }


LAYERS = [
    (nn.Conv1d(4, 6, 3, padding=2, stride=2), (2, 4, 9)),
    (nn.Conv2d(8, 12, (3, 5), groups=4, dilation=2), (2, 8, 11, 14)),
    (nn.Conv2d(8, 8, 3, groups=8, bias=False), (1, 8, 6, 5)),
    (nn.Conv3d(2, 3, (1, 2, 3)), (2, 2, 4, 5, 6)),
    (nn.ConvTranspose1d(4, 6, 3, stride=2), (2, 4, 9)),
    (nn.ConvTranspose2d(8, 12, (3, 5), groups=4, stride=2, output_padding=1), (2, 8, 6, 7)),
    (nn.ConvTranspose3d(2, 3, (1, 2, 3)), (2, 2, 4, 5, 6)),
    (nn.Linear(7, 3), (2, 7)),
    (nn.Linear(7, 3, bias=False), (2, 5, 4, 7)),
]


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=lambda v: "" if isinstance(v, tuple) else str(v))
def test_macs_of_a_layer_are_those_of_pytorchs_counter(layer, shape):
    assert total(overhead(layer, shape)).macs == flop_counter_macs(layer, shape) > 0


NETS = [("resnet20", "se", 31), ("resnext50_32x4d", "cbam", 64), ("mobilenet_0.7", "cbam", 65)]


@pytest.mark.parametrize(("name", "attention", "size"), NETS)
def test_macs_of_a_network_are_those_of_pytorchs_counter(name, attention, size):
    network = on_meta(name, attention=attention)
    count = total(overhead(network, (2, 3, size, size)))
    assert count.macs == flop_counter_macs(network, (2, 3, size, size))
    assert count.parameters == sum(p.numel() for p in network.parameters())


# Closed forms, computed apart and before this code was written: blocks, parameters of the three variants,
# multiply-accumulates of the MLP (SE, CBAM) and of the 7 x 7 convolution, elements of the maps that attention reads.
EXACT = {
    model: tuple(map(int, numbers))
    for model, *numbers in (row.values() for row in records.published("exact_overhead_computed"))
}


def places(name: str) -> list[tuple[int, int]]:
    """Channels and side of the map at each attention module of a ResNet, for 224 pixels: Table 1 of He et al."""
    depths = {"resnet18": (2, 2, 2, 2), "resnet101": (3, 4, 23, 3)}.get(name, (3, 4, 6, 3))
    wide = 4 if name in ("resnet50", "resnet101") else 1
    stages = zip(depths, (64, 128, 256, 512), (56, 28, 14, 7), strict=True)
    return [(wide * width, side) for depth, width, side in stages for _ in range(depth)]


def test_the_exact_totals_are_those_that_are_known():
    assert [EXACT[name][3] for name in ("resnet18", "resnet34", "resnet50", "resnet101")] == [
        11_779_392,
        21_960_468,
        28_089_624,
        49_330_172,
    ]


@pytest.mark.parametrize("name", EXACT)
def test_formulas_sum_to_the_exact_totals(name):
    blocks, plain, with_se, with_cbam, se_macs, cbam_macs, conv_macs, elements = EXACT[name]
    se = [se_formula(channels) for channels, _ in places(name)]
    cbam = [cbam_formula(channels, side, side) for channels, side in places(name)]
    assert len(se) == blocks
    assert [sum(column) for column in zip(*se, strict=True)] == [with_se - plain, se_macs, 0]
    assert [sum(column) for column in zip(*cbam, strict=True)] == [with_cbam - plain, cbam_macs, conv_macs]
    assert sum(channels * side**2 for channels, side in places(name)) == elements


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_attention_of_a_network_is_counted_as_its_closed_form(name):
    blocks, plain, with_se, with_cbam, se_macs, cbam_macs, conv_macs, elements = EXACT[name]
    se, cbam = (overhead(on_meta(name, attention=kind), (1, 3, 224, 224)) for kind in ("se", "cbam"))
    for rows, parameters in ((se, with_se), (cbam, with_cbam)):
        assert total(rows).parameters == parameters
        assert total(row for row in rows if row.attention is None).parameters == plain
        assert len({row.attention for row in rows if row.attention is not None}) == blocks
    assert total(row for row in se if row.attention is not None).macs == se_macs
    kinds = {row.name: row for row in grouped([r for r in cbam if r.attention is not None], lambda row: row.kind)}
    assert (kinds["Linear"].macs, kinds["Conv2d"].macs) == (cbam_macs, conv_macs)
    # Written: the two products, and the small tensors of test_cbam_by_hand.
    small = sum(6 * c for c, _ in places(name)), sum(5 * side**2 for _, side in places(name))
    assert (kinds["ChannelAttention"].written - small[0], kinds["SpatialAttention"].written - small[1]) == (
        elements,
        elements,
    )


@pytest.mark.parametrize(
    "options", [{}, {"reduction": 8}, {"bias": False}, {"kernel_size": 3}, {"norm": False}], ids=str
)
def test_formulas_are_the_counts(options):
    module = CBAM(48, **options)
    rows = overhead(module, (1, 48, 6, 9))
    formula = cbam_formula(48, 6, 9, **options)
    macs = {row.name: row.macs for row in rows}
    assert formula.parameters == total(rows).parameters == sum(p.numel() for p in module.parameters())
    assert formula.mlp_macs == macs["channel.fc1"] + macs["channel.fc2"]
    assert formula.conv_macs == macs["spatial.conv"]
    if not {"kernel_size", "norm"} & set(options):
        count = total(overhead(SqueezeExcitation(48, **options), (1, 48, 6, 9)))
        assert se_formula(48, **options) == (count.parameters, count.macs, 0)


def test_formulas_of_the_worked_size():
    # C = 256, r = 16, 56 x 56: 8,192 weights, 272 biases; 98 and 2; 98 * 3,136 = 307,328
    assert se_formula(256) == (8464, 8192, 0)
    assert cbam_formula(256, 56, 56) == (8564, 16_384, 307_328)
    assert cbam_formula(256, 56, 56, bias=False, norm=False) == (8290, 16_384, 307_328)


def test_formulas_name_bad_arguments():
    assert "channels // reduction must be >= 1, got 8 // 16 = 0" in message_of(ValueError, se_formula, 8)
    assert message_of(ValueError, cbam_formula, 64, 0, 7) == "height must be an integer >= 1, got 0"
    assert message_of(ValueError, cbam_formula, 64, 7, 0) == "width must be an integer >= 1, got 0"
    assert message_of(ValueError, cbam_formula, 64, 7, 7, kernel_size=4) == "kernel_size must be odd, got 4"


def test_bytes_are_those_that_a_real_pass_keeps():
    # A pass on the CPU with real memory, told apart by its address; parameters and buffers left out.
    network, shape = resnet("resnet20", attention="cbam").train(), (2, 3, 32, 32)
    own = {t.untyped_storage().data_ptr() for t in (*network.parameters(), *network.buffers())}
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = tensor, storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network(torch.rand(shape, requires_grad=True))
    assert total(overhead(network, shape)).saved == sum(size for _, size in kept.values())


def test_half_precision_keeps_half_the_bytes_and_moves_as_many_elements():
    single = total(overhead(SqueezeExcitation(32), (2, 32, 5, 4)))
    half = total(overhead(SqueezeExcitation(32).bfloat16(), (2, 32, 5, 4)))
    assert 2 * half.saved == single.saved
    assert half[3:8] == single[3:8]


def test_the_module_stays_as_it_is():
    network = resnet("resnet20", attention="cbam").train()
    network.layer1[0].eval()
    before, modes = copy.deepcopy(network.state_dict()), [m.training for m in network.modules()]
    overhead(network, (2, 3, 32, 32))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert [m.training for m in network.modules()] == modes
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())
    assert all(p.grad is None and p.device.type == "cpu" for p in network.parameters())


class Odd(nn.Module):
    """Views, an operation in place and, on request, a product outside of a layer."""

    def __init__(self, *, product=None) -> None:
        super().__init__()
        self.product = product
        self.linear = nn.Linear(4, 4)

    def forward(self, x):
        if self.product:
            x = x + self.product(x).sum()
        return self.linear(x).transpose(0, 1)[..., :2].relu_()


def test_views_move_nothing_and_an_operation_in_place_writes():
    # The linear layer gives (3, 4); ReLU runs on 4 * 2 elements of a view, whose memory holds all 12 and is kept.
    row = overhead(Odd(), (3, 4))[0]
    assert row == Cost("", "Odd", None, operations=1, read=8, written=8, saved=4 * 12)


class Wasteful(nn.Module):
    """Keep the last of five results alone; the memory of the others is free again, for others to use."""

    def forward(self, x):
        for _ in range(5):
            y = x.exp()
        return y


def test_what_is_thrown_away_is_not_kept():
    assert overhead(Wasteful(), (2, 3)) == [Cost("", "Wasteful", None, operations=5, read=30, written=30, saved=4 * 6)]


def test_attention_is_found_by_its_name_too():
    network = on_meta("resnet20", attention=lambda channels: nn.Sequential(nn.Conv2d(channels, channels, 1)))
    inside = [row for row in overhead(network, (2, 3, 32, 32)) if row.attention is not None]
    assert [row.name for row in inside] == [f"layer{s}.{b}.attention.0" for s in (1, 2, 3) for b in range(3)]
    assert [row.attention for row in inside] == [row.name.removesuffix(".0") for row in inside]


PRODUCTS = {
    "mm": lambda x: x @ x,
    "bmm": lambda x: torch.einsum("bij,bjk->bik", x[None], x[None]),
    "mv": lambda x: x @ x[0],
    "addmv": lambda x: torch.addmv(x[0], x, x[0]),
    "dot": lambda x: torch.inner(x[0], x[1]),
    "vdot": lambda x: torch.vdot(x[0], x[1]),
    "addbmm": lambda x: torch.addbmm(x, x[None], x[None]),
    "_trilinear": lambda x: nn.functional.bilinear(x, x, x[None]),
    "convolution": lambda x: nn.functional.conv_transpose1d(x[None], x[:, :, None]),
    "conv_tbc": lambda x: torch.conv_tbc(x[None], x[None], x[0]),
    "_cdist_forward": lambda x: torch.cdist(x, x, p=1.0),
    "baddbmm": lambda x: torch.baddbmm(x[None], x[None], x[None]),
    "addmm": lambda x: torch.addmm(x, x, x),
    "_addmm_activation": lambda x: torch._addmm_activation(x[0], x, x),
}


def test_each_product_is_an_operation_of_pytorch():
    # A name with a typo would let its operation pass as 0 multiply-accumulates.
    assert [name for name in _operations.PRODUCTS if not hasattr(torch.ops.aten, name)] == []
    assert set(_operations.PRODUCTS) == set(PRODUCTS)


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_product_that_would_be_missed_is_refused(name):
    message = message_of(ValueError, overhead, Odd(product=PRODUCTS[name]), (4, 4))
    kinds = "Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d, Linear"
    assert message == f"module must multiply in {kinds} alone, got {name} in Odd"


def test_a_sum_of_products_written_out_is_not_seen():
    # what the docstring says: no multiply-accumulates for it, neither here nor in PyTorch's counter
    written_out = Odd(product=lambda x: (x[:, None] * x).sum(-1))
    assert total(overhead(written_out, (4, 4))).macs == flop_counter_macs(written_out, (4, 4)) == 4 * 16


@pytest.mark.parametrize("attention", [None, "se", "cbam"])
def test_one_value_per_channel_is_counted_as_two_are(attention):
    # resnet50 on 32 x 32 ends at maps of 1 x 1, where batch norm refuses to train on one image. All but parameters and
    # the weights that an operation reads is in proportion to the batch; batch norm keeps two vectors more.
    one, two = (total(overhead(on_meta("resnet50", attention=attention), (b, 3, 32, 32))) for b in (1, 2))
    assert (2 * one.macs, 2 * one.written, one.parameters) == (two.macs, two.written, two.parameters)
    network = on_meta("resnet50", attention=attention)
    vectors = sum(2 * 4 * m.num_features for m in network.modules() if isinstance(m, nn.BatchNorm2d))
    assert 2 * (one.saved - vectors) == two.saved - vectors
    assert overhead(nn.BatchNorm2d(3), (1, 3, 1, 1)) == [Cost("", "BatchNorm2d", None, 1, 6, 0, 15, 3, 4 * (3 + 6))]


def test_other_norms_that_refuse_one_value_say_what_helps():
    message = message_of(ValueError, overhead, nn.GroupNorm(4, 4), (1, 4, 1, 1))
    assert message == "shape must leave a normalization more than one value, got (1, 4, 1, 1): use --batch 2"


def pruned(layer):
    prune.l1_unstructured(layer, "weight", amount=0.5)


MADE_ANEW = {
    "pruned": (pruned, 0),
    "weight norm": (nn.utils.parametrizations.weight_norm, 8),  # a length for each of 8 filters
    "old weight norm": (nn.utils.weight_norm, 8),
    "spectral norm": (nn.utils.parametrizations.spectral_norm, 0),
    "old spectral norm": (nn.utils.spectral_norm, 0),
}


@pytest.mark.filterwarnings("ignore:.*weight_norm. is deprecated:FutureWarning")
@pytest.mark.parametrize("kind", MADE_ANEW)
def test_weights_that_are_made_anew_count_as_weights(kind):
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
    plain = overhead(network, (2, 3, 8, 8))
    change, more = MADE_ANEW[kind]
    change(network[0])
    x = torch.randn(2, 3, 8, 8)
    expected = network.eval()(x)  # the weight now has a history, which deepcopy refuses
    rows = overhead(network, (2, 3, 8, 8))
    assert rows == [plain[0]._replace(parameters=plain[0].parameters + more), plain[1]]
    assert torch.equal(network(x), expected)


def test_hooks_do_not_run():
    network, seen = nn.Sequential(nn.Linear(4, 4), nn.ReLU()), []
    for part in network.modules():
        part.register_forward_pre_hook(lambda *_: seen.append("before"))
        part.register_forward_hook(lambda *_: seen.append("after"))
        part.register_full_backward_hook(lambda *_: seen.append("back"))
    overhead(network, (2, 4))
    assert seen == []
    network(torch.randn(2, 4))
    assert len(seen) == 6  # and are still there


class Squeeze(nn.Module):
    """Attention as another package may have it: another class, and another name in its block."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(8, 2, 1), nn.Conv2d(2, 8, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.fc2(torch.relu(self.fc1(x.mean((2, 3), keepdim=True)))))


def test_attention_of_other_packages_is_found_when_named():
    network = nn.Sequential(nn.Conv2d(3, 8, 3), Squeeze())
    assert {row.attention for row in overhead(network, (1, 3, 8, 8))} == {None}
    rows = overhead(network, (1, 3, 8, 8), attention=[Squeeze])
    assert {row.name: row.attention for row in rows} == {"0": None, "1": "1", "1.fc1": "1", "1.fc2": "1"}
    for wrong in ([Squeeze()], ["Squeeze"], [int]):
        assert "attention must be a sequence of classes of modules" in message_of(
            ValueError, overhead, network, (1, 3, 8, 8), attention=wrong
        )


def test_a_shape_that_is_none_is_named():
    hint = "shape must be a sequence of whole numbers >= 1, such as (1, 3, 224, 224), got "
    layer = nn.Linear(4, 4)
    assert message_of(ValueError, overhead, layer, torch.ones(2, 4)) == f"{hint}a tensor: pass its shape, (2, 4)"
    for wrong in ((0, 4), (1.5, 4), ("1", 4), 5, None, "ab"):
        assert message_of(ValueError, overhead, layer, wrong) == hint + repr(wrong)
    assert overhead(layer, torch.ones(2, 4).shape) == overhead(layer, [2, 4])


def test_shared_weights_count_once():
    network = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
    network[2].weight = network[0].weight
    assert total(overhead(network, (1, 4))).parameters == 16 + 4 + 4


def test_sums():
    rows = [Cost("a.x", "A", "a", *range(1, 7)), Cost("b", "B", None, *range(6)), Cost("a.y", "A", "a", *[10] * 6)]
    assert total(rows, "all") == Cost("all", "", None, 11, 13, 15, 17, 19, 21)
    assert total([]) == Cost("total", "", None)
    assert grouped(rows, lambda row: row.kind) == [
        Cost("A", "", None, 11, 12, 13, 14, 15, 16),
        Cost("B", "", None, 0, 1, 2, 3, 4, 5),
    ]


# ---- Tables 4 and 5 of the CBAM paper


OURS = {"wrn18_1.5": "wide_resnet18_1.5", "wrn18_2.0": "wide_resnet18_2.0"}
BOTTLENECKS = ("resnet50", "resnet101", "resnext50_32x4d", "resnext101_32x4d")


@pytest.fixture(scope="module")
def rows():
    """The 30 rows as printed, each with our parameters, multiply-accumulates, and those of one pass of the MLPs.

    Multiply-accumulates are PyTorch's count; SE adds to that of the network without attention one for each weight.
    """
    found, base = [], 0
    for row in records.published("cbam_t4_imagenet") + records.published("cbam_t5_mobilenet"):
        attention = None if row["variant"] == "base" else row["variant"]
        network = on_meta(OURS.get(row["arch"], row["arch"]), attention=attention, stride_in="1x1")
        mlp = sum(m.weight.numel() for name, m in network.named_modules() if name.endswith(("fc1", "fc2")))
        macs = base + mlp if attention == "se" else flop_counter_macs(network, (1, 3, 224, 224))
        base = macs if attention is None else base
        found.append((row, sum(p.numel() for p in network.parameters()), macs, mlp))
    return found


def test_all_30_rows_but_one_cell(rows):
    # The stride of a bottleneck in its first 1 x 1 convolution; convolutions and linear layers alone are counted, and
    # the shared MLP on both descriptors.
    assert len(rows) == 30
    misfits = []
    for row, parameters, macs, _ in rows:
        if f"{parameters / 1e6:.2f}" != row["params_m"]:
            misfits.append((row["arch"], row["variant"], row["params_m"], parameters))
        if f"{macs / 1e9:.3f}" != row["gflops"]:
            misfits.append((row["arch"], row["variant"], row["gflops"], macs))
    assert misfits == [("mobilenet_0.7", "se", "2.71", 2_704_661)]  # see test_mobilenet.py


def test_the_bases_are_the_totals_of_test_mobilenet(rows):
    bases = {row["arch"]: (parameters, macs) for row, parameters, macs, _ in rows if row["variant"] == "base"}
    assert bases["mobilenet_0.7"] == (2_298_747, 282_957_078)
    assert bases["mobilenet_1.0"] == (4_231_976, 568_740_352)
    assert bases["resnet50"] == (25_557_032, 3_857_973_248)


def test_counting_the_mlp_once_misses_six_cells(rows):
    cbam = [(row, macs - mlp) for row, _, macs, mlp in rows if row["variant"] == "cbam"]
    misfits = [row["arch"] for row, macs in cbam if f"{macs / 1e9:.3f}" != row["gflops"]]
    assert misfits == ["resnet50", "resnet101", "wrn18_1.5", *BOTTLENECKS[2:], "mobilenet_1.0"]


@pytest.mark.parametrize(
    ("name", "macs"),
    list(zip(BOTTLENECKS, (4_089_184_256, 7_801_405_440, 4_230_479_872, 7_969_996_800), strict=True)),
)
def test_the_other_stride_is_far_from_the_table(rows, name, macs):
    # Moving the stride behind the first convolution of stages 2, 3 and 4 makes that convolution, and nothing else, run
    # on 4 times as many positions: 3 times more. Printed: 3.858, 7.570, 3.768 and 7.508.
    at_1x1 = next(count for row, _, count, _ in rows if row["arch"] == name and row["variant"] == "base")
    inner = 2 if "x" in name else 1
    more = sum(3 * (4 * width // 2) * inner * width * side**2 for width, side in ((128, 28), (256, 14), (512, 7)))
    assert flop_counter_macs(on_meta(name, stride_in="3x3"), (1, 3, 224, 224)) == at_1x1 + more == macs


# ---- The command


def test_command_prints_the_table(capsys):
    main(["resnet50", "--attention", "cbam"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "resnet50, attention cbam, input (1, 3, 224, 224), stride in 3x3"
    assert lines[1].split() == ["operations", "parameters", "macs", "read", "written", "saved", "bytes"]
    cells = {line[: line.index("  ")]: line.split("  ") for line in lines[2:]}
    numbers = {name: [c.strip() for c in row[1:] if c.strip()] for name, row in cells.items()}
    assert numbers["total"][1:3] == ["28,089,624", f"{4_089_184_256 + 5_029_888 + 1_358_966:,}"]
    assert numbers["without attention"][1:3] == ["25,557,032", "4,089,184,256"]
    assert numbers["all attention"][:3] == ["256", "2,532,592", "6,388,854"]  # 16 times 12 + 4 operations
    assert numbers["attention adds"][1:3] == ["9.91 %", "0.16 %"]  # 2,532,592 / 25,557,032; 6,388,854 / 4,089,184,256
    assert numbers["Linear in attention"][2] == "5,029,888"
    assert numbers["Conv2d in attention"][2] == "1,358,966"


def test_command_takes_its_options(capsys):
    main(["resnet50", "--stride-in", "1x1", "--batch", "2"])
    out = capsys.readouterr().out
    assert out.startswith("resnet50, attention none, input (2, 3, 224, 224), stride in 1x1\n")
    assert f"{2 * 3_857_973_248:,}" in out.splitlines()[-1]
    assert "attention" not in out.split("\n", 1)[1]
    main(["mobilenet_0.7", "--input-size", "32", "--batch", "2", "--by", "attention", "--attention", "se"])
    out = capsys.readouterr().out
    assert out.startswith("mobilenet_0.7, attention se, input (2, 3, 32, 32)\n")
    assert out.count(".attention") == 27
    main(["resnet20", "--by", "module"])
    out = capsys.readouterr().out
    assert out.startswith("resnet20, attention none, input (1, 3, 32, 32)\n")
    assert "\nlayer3.2.conv2 " in out


MOBILE = ["mobilenet_1.0", "mobilenet_0.7"]
ERRORS = [
    (["resnet19"], [*NETWORKS, *MOBILE]),
    (["resnet50", "--attention", "eca"], ["none", "se", "cbam"]),
    (["resnet50", "--stride-in", "5x5"], ["3x3", "1x1"]),
    (["resnet50", "--atention", "se"], ["--attention", "--stride-in", "--input-size", "--batch", "--by"]),
    (["resnet50", "--batch", "0"], ["--batch must be an integer >= 1, got 0"]),
    (["resnet50", "--input-size", "-1"], ["--input-size must be an integer >= 1, got -1"]),
    ([], ["network"]),
]


@pytest.mark.parametrize(("arguments", "named"), ERRORS, ids=str)
def test_command_names_an_error_in_one_line(arguments, named, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    out, err = capsys.readouterr()
    assert (caught.value.code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("python -m convattn.overhead: error: ")
    assert [name for name in named if name not in err] == []


def test_command_counts_small_inputs(capsys):
    main(["resnet50", "--input-size", "32"])
    assert capsys.readouterr().out.splitlines()[-1].split()[2:4] == ["25,557,032", "85,458,944"]


def test_command_is_silent_without_numpy():
    # None in sys.modules makes the import of NumPy fail, as where torch alone is installed.
    code = "import runpy, sys; sys.modules['numpy'] = None; sys.argv = ['x', 'resnet20']; "
    code += "runpy.run_module('convattn.overhead', run_name='__main__', alter_sys=True)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "269,722" in done.stdout
    assert done.stderr == ""


def test_module_runs_as_a_command(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "convattn.overhead.__main__")
    monkeypatch.setattr(sys, "argv", ["overhead", "resnet20"])
    runpy.run_module("convattn.overhead", run_name="__main__")
    assert capsys.readouterr().out.splitlines()[-1].split()[2] == "269,722"
