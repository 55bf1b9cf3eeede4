"""The oracle itself: closed forms, hand computation, and SciPy's correlation, which shares no code with it."""

import ast
from pathlib import Path

import examples
import numpy as np
import pytest
from scipy.ndimage import correlate
from scipy.special import expit

from convattn import CBAM, ChannelAttention, SpatialAttention, SqueezeExcitation
from convattn.lab.proof import oracle

X = np.asarray(examples.X, dtype=np.float64)[None]


def test_oracle_is_written_without_torch_and_without_the_modules():
    tree = ast.parse(Path(oracle.__file__).read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"__future__", "collections.abc", "numpy", "numpy.typing"}


def test_sigmoid_closed_forms():
    # s(0) = 1/2, s(ln 3) = 3/4, s(-z) = 1 - s(z); far out it reaches 0 and 1 without an overflow.
    np.testing.assert_allclose(oracle.sigmoid([0, np.log(3), -np.log(3)]), [0.5, 0.75, 0.25], rtol=1e-15)
    z = np.linspace(-30, 30, 121)
    np.testing.assert_allclose(oracle.sigmoid(z) + oracle.sigmoid(-z), 1, rtol=1e-15)
    np.testing.assert_allclose(oracle.sigmoid(z), expit(z), rtol=1e-14)  # SciPy's logistic function
    with np.errstate(all="raise", under="ignore"):
        assert oracle.sigmoid([-1e4, 1e4]).tolist() == [0.0, 1.0]


def test_part_takes_the_entries_below_a_prefix():
    numbers = {"channel.fc1.weight": 1, "channels.x": 2, "spatial.conv.weight": 3}
    assert oracle.part(numbers, "channel") == {"fc1.weight": 1}


@pytest.mark.parametrize("example", examples.OF[SqueezeExcitation], ids=lambda e: e.name)
def test_squeeze_excitation_by_hand(example):
    np.testing.assert_allclose(oracle.squeeze_excitation(X, example.state())[0], example.output, rtol=0, atol=1e-7)


@pytest.mark.parametrize("example", examples.OF[ChannelAttention], ids=lambda e: e.name)
def test_channel_gate_by_hand(example):
    logits = oracle.channel_logits(X, example.state(), example.options.get("pools", ("avg", "max")))
    np.testing.assert_allclose(oracle.sigmoid(logits)[0], example.gate, rtol=0, atol=1e-7)


@pytest.mark.parametrize("example", examples.OF[SpatialAttention], ids=lambda e: e.name)
def test_spatial_gate_by_hand(example):
    gate = oracle.sigmoid(oracle.spatial_logits(X, example.state()))
    np.testing.assert_allclose(gate[0], example.gate, rtol=0, atol=1e-7)


@pytest.mark.parametrize("example", examples.OF[CBAM], ids=lambda e: e.name)
def test_cbam_by_hand(example):
    order = example.options.get("order", "channel-spatial")
    np.testing.assert_allclose(oracle.cbam(X, example.state(), order=order)[0], example.output, rtol=0, atol=1e-7)


@pytest.mark.parametrize("kernel_size", [1, 3, 5, 7, 9])
def test_spatial_logits_equal_the_correlation_of_scipy(kernel_size):
    # scipy.ndimage.correlate with zeros beyond the border, plane by plane, is the convolution of the networks.
    rng = np.random.default_rng(kernel_size)
    x, kernel = rng.standard_normal((2, 3, 6, 4)), rng.standard_normal((1, 2, kernel_size, kernel_size))
    expected = [
        correlate(image.mean(axis=0), kernel[0, 0], mode="constant")
        + correlate(image.max(axis=0), kernel[0, 1], mode="constant")
        for image in x
    ]
    got = oracle.spatial_logits(x, {"conv.weight": kernel})
    np.testing.assert_allclose(got[:, 0], expected, rtol=0, atol=1e-13)
    single = oracle.spatial_logits(x, {"conv.weight": kernel[:, :1]}, ("max",))
    np.testing.assert_allclose(single[1, 0], correlate(x[1].max(axis=0), kernel[0, 0], mode="constant"), atol=1e-13)


def test_training_normalises_with_the_batch():
    # By definition of batch norm: mean beta, population variance gamma^2 (eps = 1e-5 shifts it by var / (var + eps)).
    rng = np.random.default_rng(0)
    x, kernel = rng.standard_normal((2, 3, 6, 4)), rng.standard_normal((1, 2, 3, 3))
    plain = oracle.spatial_logits(x, {"conv.weight": kernel})
    numbers = {"conv.weight": kernel, "norm.weight": [3.0], "norm.bias": [0.5]}
    numbers |= {"norm.running_mean": [9.0], "norm.running_var": [9.0]}  # not read in training
    out = oracle.spatial_logits(x, numbers, training=True)
    np.testing.assert_allclose(out.mean(), 0.5, rtol=1e-12)
    np.testing.assert_allclose(out.var(), 9 * plain.var() / (plain.var() + 1e-5), rtol=1e-12)
    assert abs(oracle.spatial_logits(x, numbers).mean() - 0.5) > 1  # read in evaluation


def test_the_order_of_the_pools_is_free():
    numbers = examples.CHANNEL_SPATIAL.state()
    pools = {"channel_pools": ("max", "avg"), "spatial_pools": ("max", "avg")}
    np.testing.assert_allclose(oracle.cbam(X, numbers, **pools), oracle.cbam(X, numbers), rtol=1e-15)


def test_another_gate_function_is_used():
    # With the constant 1/2 for both gates the sequential output is X / 4, the parallel one X / 2.
    def half(z):
        return np.full_like(z, 0.5)

    numbers = examples.CHANNEL_SPATIAL.state()
    for order, factor in (("channel-spatial", 0.25), ("spatial-channel", 0.25), ("parallel", 0.5)):
        assert np.array_equal(oracle.cbam(X, numbers, order=order, gate_fn=half), X * factor)


def test_typos_are_refused():
    state = {"fc1.weight": np.ones((1, 2)), "fc2.weight": np.ones((2, 1)), "conv.weight": np.ones((1, 1, 3, 3))}
    x = np.ones((1, 2, 3, 3))
    for pools in (("median",), ("avg", "mx"), ()):
        for logits in (oracle.channel_logits, oracle.spatial_logits):
            with pytest.raises(ValueError, match="pools must be of 'avg', 'max', got "):
                logits(x, state, pools)
    with pytest.raises(ValueError, match=r"order must be of 'channel-spatial', .*, got ..both"):
        oracle.cbam(x, {}, order="both")
