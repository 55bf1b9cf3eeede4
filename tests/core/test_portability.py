"""What every module promises beyond its equation: types, layouts, copies, compilers and exporters.

The expected value is the module's own eager result, which the other tests compare with the oracle.
"""

from __future__ import annotations

import copy
import io
import pickle

import numpy as np
import pytest
import torch
from checks import ORDERS
from helpers import build, draw
from torch import nn
from torch.export import Dim

from convattn import CBAM, ChannelAttention, SpatialAttention, SqueezeExcitation

DYNAMIC = {"x": {0: Dim.DYNAMIC, 2: Dim.DYNAMIC, 3: Dim.DYNAMIC}}  # batch, height and width; the example's batch is 2
OTHER_SHAPES = ((1, 6, 3, 4), (5, 6, 9, 2), (3, 6, 1, 7), (1, 6, 1, 1))
KINDS = [(SqueezeExcitation, {}), (ChannelAttention, {}), (SpatialAttention, {"kernel_size": 3})]
KINDS += [(CBAM, {"kernel_size": 3, "order": order}) for order in ORDERS]
every_module = pytest.mark.parametrize(
    ("cls", "options"), KINDS, ids=lambda v: getattr(v, "__name__", None) or v.get("order", "")
)


def make(cls: type[nn.Module], options: dict, **more) -> nn.Module:
    return build(cls, 6, **options, **more)


@every_module
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16], ids=str)
def test_output_has_shape_dtype_and_device_of_the_input(cls, options, dtype):
    for training in (False, True):
        module, x = make(cls, options).to(dtype).train(training), draw((2, 6, 5, 4)).to(dtype)
        output = module(x)
        assert (output.shape, output.dtype, output.device) == (x.shape, dtype, x.device)
        assert module.gate(x).dtype == dtype


@every_module
def test_output_stays_on_the_device_of_the_input(cls, options):
    # The meta device stands for any other: an operand made on the CPU would raise.
    output = make(cls, options).to("meta")(torch.empty(2, 6, 5, 4, dtype=torch.float64, device="meta"))
    assert output.device.type == "meta"
    assert output.shape == (2, 6, 5, 4)


@every_module
def test_channels_last_is_kept_with_the_same_numbers(cls, options):
    module, x = make(cls, options), draw((2, 6, 5, 4))
    last = x.to(memory_format=torch.channels_last)
    output = module(last)
    assert output.is_contiguous(memory_format=torch.channels_last)
    assert not output.is_contiguous()
    assert module(x).is_contiguous()
    module.to(memory_format=torch.channels_last)  # and with the weights in that layout
    assert module(last).is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(output, module(x), rtol=0, atol=1e-14)
    torch.testing.assert_close(module(last), module(x), rtol=0, atol=1e-14)


@every_module
def test_views_that_are_not_contiguous_give_the_same_numbers(cls, options):
    module, x = make(cls, options), draw((2, 6, 4, 5)).transpose(2, 3)
    wide = draw((2, 12, 5, 8))[:, ::2, :, ::2]
    for view in (x, wide):
        assert not view.is_contiguous()
        torch.testing.assert_close(module(view), module(view.contiguous()), rtol=0, atol=1e-14)


@every_module
def test_forward_does_not_change_its_input(cls, options):
    x = draw((2, 6, 5, 4))
    before = x.clone()
    make(cls, options).train()(x)
    assert torch.equal(x, before)


@every_module
def test_autocast_keeps_float32_and_is_close(cls, options):
    module, x = make(cls, options).float(), draw((2, 6, 5, 4)).float()
    with torch.autocast("cpu", torch.bfloat16):
        output = module(x)
    assert output.dtype == torch.float32
    # Linear layers and convolution compute in bfloat16, 2**-9 = 0.002 a rounding: logits of about 1 to a few 0.01.
    torch.testing.assert_close(output, module(x), rtol=0.03, atol=0.01)
    assert not torch.equal(output, module(x)), "autocast was not in effect"


@every_module
def test_autocast_keeps_a_bfloat16_input_with_float32_weights(cls, options):
    module, x = make(cls, options).float(), draw((2, 6, 5, 4)).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        output = module(x)
    assert output.dtype == torch.bfloat16
    torch.testing.assert_close(output.float(), module(x.float()), rtol=0.03, atol=0.02)  # roundings as above


@every_module
def test_a_gate_of_a_wider_type_does_not_widen_the_output(cls, options):
    # As under autocast on some devices: without a cast, PyTorch's promotion of types would return float32.
    module = make(cls, options, gate_fn=lambda z: torch.sigmoid(z.float())).bfloat16()
    x = draw((2, 6, 5, 4)).bfloat16()
    assert module.gate(x).dtype == torch.float32
    assert module(x).dtype == torch.bfloat16


@every_module
def test_gradients_reach_the_input_and_every_parameter(cls, options):
    module, x = make(cls, options), draw((2, 6, 5, 4)).requires_grad_()
    assert module(x).requires_grad
    module(x).sum().backward()
    assert x.grad.abs().sum() > 0
    for name, value in module.named_parameters():
        assert value.grad is not None, name
        assert value.grad.abs().sum() > 0, name


@every_module
def test_frozen_parameters_let_the_gradient_through_and_no_grad_stops_it(cls, options):
    module, x = make(cls, options).requires_grad_(False), draw((2, 6, 5, 4))
    assert not module(x).requires_grad
    x.requires_grad_()
    module(x).sum().backward()
    assert x.grad.abs().sum() > 0
    assert all(value.grad is None for value in module.parameters())
    with torch.no_grad():
        assert not module(x).requires_grad


@every_module
def test_gate_fn_may_be_a_module(cls, options):
    # torch.nn.Hardsigmoid, the gate of MobileNetV3; PyTorch documentation: min(max(z / 6 + 1 / 2, 0), 1).
    module, x = make(cls, options, gate_fn=nn.Hardsigmoid()), draw((2, 6, 5, 4))
    if cls is CBAM:
        got, logits = module.gates(x)[0], module.channel.logits(x)
        if module.order == "spatial-channel":
            logits = module.channel.logits(x * module.spatial.gate(x))
    else:
        got, logits = module.gate(x), module.logits(x)
    torch.testing.assert_close(got, (logits / 6 + 0.5).clamp(0, 1), rtol=0, atol=1e-15)


@every_module
def test_second_forward_gives_the_same_in_eval_mode(cls, options):
    module, x = make(cls, options), draw((2, 6, 5, 4))
    assert torch.equal(module(x), module(x))


@every_module
def test_gate_and_output_agree(cls, options):
    # Definition: forward(x) = x * gate(x); two multiplications may round apart in the sequential orders.
    module, x = make(cls, options), draw((2, 6, 5, 4))
    torch.testing.assert_close(module(x), x * module.gate(x), rtol=1e-15, atol=1e-15)


@every_module
def test_state_dict_round_trip(cls, options):
    source, x = make(cls, options), draw((2, 6, 5, 4))
    file = io.BytesIO()
    torch.save(source.state_dict(), file)
    file.seek(0)
    target = make(cls, options, seed=9)
    assert not torch.equal(target(x), source(x))
    target.load_state_dict(torch.load(file, weights_only=True), strict=True)
    assert torch.equal(target(x), source(x))


@every_module
def test_deepcopy_and_pickle_give_an_equal_and_separate_module(cls, options):
    module, x = make(cls, options), draw((2, 6, 5, 4))
    expected = module(x).detach()
    for twin in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert type(twin) is cls
        assert torch.equal(twin(x), expected)
        for value in twin.parameters():
            nn.init.zeros_(value)
        assert torch.equal(module(x), expected)


@every_module
def test_empty_batch_passes_and_leaves_the_statistics_alone(cls, options):
    for training in (False, True):
        module = make(cls, options).train(training)
        before = {name: value.clone() for name, value in module.named_buffers() if "running" in name}
        output = module(torch.empty(0, 6, 5, 4, dtype=torch.float64))
        assert output.shape == (0, 6, 5, 4)
        assert module.gate(torch.empty(0, 6, 5, 4, dtype=torch.float64)).shape[0] == 0
        for name, value in module.named_buffers():
            assert name not in before or torch.equal(value, before[name]), name


@every_module
def test_compiles_without_graph_break(cls, options):
    torch.compiler.reset()
    for training in (False, True):
        module, x = make(cls, options).train(training), draw((2, 6, 5, 4))
        expected = module(x)
        compiled = torch.compile(copy.deepcopy(module), fullgraph=True, backend="eager")  # a graph break raises
        torch.testing.assert_close(compiled(x), expected, rtol=0, atol=0)
        assert torch._dynamo.explain(module)(x).graph_break_count == 0


@every_module
def test_exports_with_dynamic_batch_height_and_width(cls, options):
    module = make(cls, options)
    program = torch.export.export(module, (draw((2, 6, 5, 4)),), dynamic_shapes=DYNAMIC)
    for shape in ((2, 6, 5, 4), *OTHER_SHAPES):
        x = draw(shape)
        torch.testing.assert_close(program.module()(x), module(x), rtol=0, atol=1e-15)


# PyTorch's exporter copies a tree specification whose own class it has deprecated; nothing of ours is concerned.
@pytest.mark.filterwarnings("ignore:`isinstance\\(treespec, LeafSpec\\)` is deprecated:FutureWarning")
@every_module
def test_onnx_export_runs_at_other_sizes(cls, options):
    from onnx.reference import ReferenceEvaluator

    module = make(cls, options).float()
    x = draw((2, 6, 5, 4)).float()
    program = torch.onnx.export(module, (x,), dynamo=True, dynamic_shapes=DYNAMIC, verbose=False)
    session = ReferenceEvaluator(program.model_proto)
    for shape in ((2, 6, 5, 4), *OTHER_SHAPES):
        x = draw(shape).float()
        (output,) = session.run(None, {"x": x.numpy()})
        # Another order of summation in float32, and batch norm folded into the convolution.
        np.testing.assert_allclose(output, module(x).detach().numpy(), rtol=1e-5, atol=1e-6)
