"""What other people's tools do with the modules and the networks: tracers, pruners, explainers, loaders.

Each was tried and failed once. The expected value is the module's own, or what the tool gives without attention.
"""

import warnings

import pytest
import torch
import torch_pruning
from captum.attr import DeepLift, GuidedBackprop
from checks import ORDERS
from helpers import build, draw, message_of
from safetensors.torch import load_file, save_file
from torch import fx, nn

from convattn import CBAM, ChannelAttention, SpatialAttention, SqueezeExcitation
from convattn.networks import mobilenet, resnet

KINDS = [(SqueezeExcitation, {}), (ChannelAttention, {}), (SpatialAttention, {"kernel_size": 3})]
KINDS += [(CBAM, {"kernel_size": 3, "order": order}) for order in ORDERS]
every_module = pytest.mark.parametrize(
    ("cls", "options"), KINDS, ids=lambda v: getattr(v, "__name__", None) or v.get("order", "")
)
NETWORKS = {
    "resnet20": lambda **more: resnet("resnet20", **more),
    "resnet18": lambda **more: resnet("resnet18", num_classes=7, **more),
    "resnet50": lambda **more: resnet("resnet50", num_classes=7, **more),
    "mobilenet": lambda **more: mobilenet(width=0.5, num_classes=7, **more),
}


def images(size=40, channels=3, batch=2):
    return torch.randn(batch, channels, size, size, generator=torch.Generator().manual_seed(0))


# ---- torch.fx


@every_module
def test_fx_traces_a_module_bit_for_bit(cls, options):
    for training in (False, True):
        module = build(cls, 6, **options).train(training)
        traced = fx.symbolic_trace(module)
        for shape in ((2, 6, 5, 4), (3, 6, 9, 2)):
            assert torch.equal(traced(draw(shape)), module(draw(shape)))


@pytest.mark.parametrize("attention", [None, "se", "cbam"])
@pytest.mark.parametrize("name", NETWORKS)
def test_fx_traces_a_network_bit_for_bit(name, attention):
    network = NETWORKS[name](attention=attention).eval()
    traced = fx.symbolic_trace(network)
    for size in (32, 45):
        assert torch.equal(traced(images(size)), network(images(size)))


def test_fx_extracts_features():
    # What torchvision's feature extraction does: trace, and let the graph end at a node.
    network = resnet("resnet20", attention="cbam").eval()
    expected = []
    network.layer2.register_forward_hook(lambda *found: expected.append(found[2]))
    tracer = fx.Tracer()
    tracer.is_leaf_module = lambda module, name: name == "layer2" or type(module).__module__.startswith("torch.nn")
    traced = fx.GraphModule(network, tracer.trace(network))
    (node,) = [n for n in traced.graph.nodes if n.target == "layer2"]
    (output,) = [n for n in traced.graph.nodes if n.op == "output"]
    output.args = (node,)
    traced.graph.eliminate_dead_code()
    traced.recompile()
    features = traced(images(32))
    network(images(32))
    assert torch.equal(features, expected[-1])


@pytest.mark.parametrize("attention", [None, "se", "cbam"])
def test_fx_fuses_batch_norm(attention):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit, which it imports, says that it is deprecated
        from torch.fx.experimental.optimization import fuse

    network = resnet("resnet20", attention=attention).eval()
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
    fused = fuse(network)
    assert not [m for m in fused.modules() if isinstance(m, nn.BatchNorm2d)]  # that of the spatial gate included
    torch.testing.assert_close(fused(images(32)), network(images(32)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("attention", [None, "se", "cbam"])
def test_fx_quantizes(attention):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.ao says that it is deprecated
        from torch.ao.quantization import get_default_qconfig_mapping, quantize_fx

        torch.manual_seed(0)
        network, x = resnet("resnet20", attention=attention).eval(), images(32, batch=8)
        mapping = get_default_qconfig_mapping(
            "x86" if "x86" in torch.backends.quantized.supported_engines else "qnnpack"
        )
        prepared = quantize_fx.prepare_fx(network, mapping, (x,))
        prepared(x)
        quantized = quantize_fx.convert_fx(prepared)
        y = quantized(x)
    kinds = [type(m).__name__ for m in quantized.modules()]
    assert sum("ConvReLU2d" in kind for kind in kinds) >= 10  # found, fused and quantized
    # 8 bits: the error of a logit is small beside the spread of the logits
    assert (y - network(x)).std() < 0.35 * network(x).std()


# ---- Structured pruning


@pytest.mark.parametrize(("cls", "options"), [kind for kind in KINDS if kind[0] is not SpatialAttention])
def test_channels_are_those_of_the_layers_after_pruning(cls, options):
    network = nn.Sequential(nn.Conv2d(3, 64, 3), cls(64, **options), nn.Conv2d(64, 8, 1)).eval()
    if cls is CBAM:  # as the API page says: its reduction over the channels would stop the pruner
        order, spatial = network[1].order, network[1].spatial
        network[1].order, network[1].spatial = "channel-spatial", nn.Identity()
    pruner = torch_pruning.pruner.MagnitudePruner(
        network,
        torch.randn(1, 3, 9, 9),
        importance=torch_pruning.importance.MagnitudeImportance(),
        pruning_ratio=0.5,
        ignored_layers=[network[2]],
    )
    pruner.step()
    if cls is CBAM:
        network[1].order, network[1].spatial = order, spatial
    assert network[0].out_channels == 32
    channel = network[1].channel if cls is CBAM else network[1]
    assert channel.channels == channel.fc1.in_features == channel.fc2.out_features == 32
    assert network(torch.randn(2, 3, 9, 9)).shape == (2, 8, 7, 7)
    assert "must have 32 channels" in message_of(ValueError, network[1], torch.randn(1, 64, 5, 5))


# ---- Another first convolution


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_first_convolution_may_be_replaced(name, channels):
    network = NETWORKS[name](attention="cbam").eval()
    place, layer = (network.stem, "conv") if name == "mobilenet" else (network, "conv1")
    old = getattr(place, layer)
    setattr(place, layer, nn.Conv2d(channels, old.out_channels, old.kernel_size, old.stride, old.padding, bias=False))
    assert network(images(channels=channels)).shape == (2, network.fc.out_features)
    assert f"must have {channels} channels" in message_of(ValueError, network, images(channels=3))
    setattr(place, layer, nn.Sequential(nn.Conv2d(5, 3, 1), old))  # one that does not say how many it takes
    assert network(images(channels=5)).shape == (2, network.fc.out_features)


# ---- A body of children, and explainers, which see modules alone


@pytest.mark.parametrize("attention", [None, "se", "cbam"])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_children_are_the_network(name, attention):
    network = NETWORKS[name](attention=attention).eval()
    found, x = [], images()
    (network.blocks if name == "mobilenet" else network.stages()[-1]).register_forward_hook(
        lambda *f: found.append(f[2])
    )
    expected = network(x)
    children = list(network.children())
    assert torch.equal(nn.Sequential(*children[:-2])(x), found[0])
    pooled = nn.Sequential(*children[:-1])(x)
    assert pooled.shape == (2, network.fc.in_features, 1, 1)
    assert torch.equal(children[-1](pooled.flatten(1)), expected)


@pytest.mark.parametrize("attention", [None, "se", "cbam"])
@pytest.mark.parametrize("name", NETWORKS)
def test_each_use_of_relu_is_a_module_of_its_own(name, attention):
    network = NETWORKS[name](attention=attention).eval()
    used = []
    for part in network.modules():
        if isinstance(part, nn.ReLU):
            part.register_forward_hook(lambda module, *_: used.append(module))
    traced = fx.symbolic_trace(network)
    assert not [n for n in traced.graph.nodes if n.op in ("call_function", "call_method") and "relu" in str(n.target)]
    network(images())
    assert len(used) == len(set(used)) == sum(isinstance(m, nn.ReLU) for m in network.modules())


def test_deeplift_explains_a_plain_network():
    torch.manual_seed(0)
    network = resnet("resnet18", num_classes=7).double().eval()
    x = images(64).double()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # captum tells that it sets hooks
        _, delta = DeepLift(network).attribute(x, torch.zeros_like(x), target=0, return_convergence_delta=True)
    change = (network(x) - network(torch.zeros_like(x)))[:, 0]
    assert delta.abs().max() < 1e-6 * change.abs().max()


def test_deeplift_has_no_rule_for_a_gate():
    torch.manual_seed(0)
    network = resnet("resnet20", attention="se").double().eval()
    x = images(32).double()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, delta = DeepLift(network).attribute(x, torch.zeros_like(x), target=0, return_convergence_delta=True)
    change = (network(x) - network(torch.zeros_like(x)))[:, 0]
    assert delta.abs().max() > 0.01 * change.abs().max()  # what the API page says; 1e-6 for the plain network


def test_script_stops_as_documented():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is deprecated
        message_of(torch.jit.frontend.UnsupportedNodeError, torch.jit.script, SqueezeExcitation(64))


def test_guided_backprop_differs_from_the_gradient():
    torch.manual_seed(0)
    network = resnet("resnet20", attention="se").eval()
    x = images(32).requires_grad_()
    (gradient,) = torch.autograd.grad(network(x)[:, 0].sum(), x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        guided = GuidedBackprop(network).attribute(x, target=0)
    assert (guided - gradient).norm() > 0.1 * gradient.norm()


# ---- gate_fn


@pytest.mark.parametrize("wrong", ["sigmoid", nn.Sigmoid, None, 1.0], ids=str)
@every_module
def test_a_gate_fn_that_is_no_function_is_named(cls, options, wrong):
    expected = f"gate_fn must be a function of a tensor, or a module and not its class, got {wrong!r}"
    assert message_of(ValueError, build, cls, 6, **options, gate_fn=wrong) == expected


@every_module
def test_a_gate_fn_that_is_a_module_belongs_to_each_part(cls, options, tmp_path):
    given = nn.PReLU()
    module = build(cls, 6, **options, gate_fn=given).float()
    places = [name for name, part in module.named_modules(remove_duplicate=False) if isinstance(part, nn.PReLU)]
    parts = ["channel.gate_fn", "spatial.gate_fn"] if cls is CBAM else ["gate_fn"]
    assert places == parts + ["gate_fn"] * (options.get("order") == "parallel")
    copies = {id(part) for part in module.modules() if isinstance(part, nn.PReLU)}
    assert len(copies) == len(places)
    assert id(given) not in copies
    save_file(module.state_dict(), tmp_path / "weights.safetensors")  # refuses shared weights
    other = build(cls, 6, seed=7, **options, gate_fn=nn.PReLU()).float()
    other.load_state_dict(load_file(tmp_path / "weights.safetensors"))
    x = draw((2, 6, 5, 4)).float()
    assert torch.equal(other(x), module(x))
    module(x).sum().backward()
    trained = {name for name, value in module.named_parameters() if "gate_fn" in name and value.grad is not None}
    used = ["gate_fn"] if options.get("order") == "parallel" else places
    assert trained == {f"{name}.weight" for name in used}


# ---- Weights of convolutions


@pytest.mark.parametrize("cls", [SqueezeExcitation, ChannelAttention, CBAM])
def test_weights_of_convolutions_load(cls):
    source, x = build(cls, 64, hidden=4), draw((2, 64, 5, 4))
    weights = {k: v[:, :, None, None] if "fc" in k and v.ndim == 2 else v for k, v in source.state_dict().items()}
    shapes = {k: tuple(v.shape) for k, v in weights.items()}
    assert shapes["channel.fc1.weight" if cls is CBAM else "fc1.weight"] == (4, 64, 1, 1)
    target = build(cls, 64, hidden=4, seed=5)
    target.load_state_dict(weights, strict=True)
    assert torch.equal(target(x), source(x))
    assert {k: tuple(v.shape) for k, v in weights.items()} == shapes, "the caller's weights stay as they are"
    inside = nn.Sequential(nn.Identity(), build(cls, 64, hidden=4, seed=5))
    inside.load_state_dict({f"1.{k}": v for k, v in weights.items()})
    assert torch.equal(inside(x), source(x))
    wrong = {k: v.expand(-1, -1, 3, 3) if "fc1.weight" in k else v for k, v in weights.items()}
    assert "size mismatch" in message_of(RuntimeError, target.load_state_dict, wrong)


# ---- float16


def test_float16_overflows_as_documented_and_the_remedy_helps():
    # Activations of 1e4 and weights times 8 exceed 65,504 in the MLP.
    module = build(SqueezeExcitation, 64, hidden=4).float()
    with torch.no_grad():
        module.fc1.weight.mul_(8)
        module.fc2.weight.mul_(8)
    x = 1e4 * torch.rand(2, 64, 4, 4, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", torch.float16):
        assert not module.logits(x).isfinite().all()
        with torch.autocast("cpu", enabled=False):
            remedied = module(x)
    torch.testing.assert_close(remedied, module(x), rtol=0, atol=0)
    with torch.autocast("cpu", torch.bfloat16):
        assert module(x).isfinite().all()
    assert "float16" in SqueezeExcitation.__doc__
    assert "float16" in ChannelAttention.__doc__
    assert "float16" in CBAM.__doc__
