"""The context probe: its images follow their definition, and its ceilings are what simulation and arithmetic give."""

import numpy as np
import pytest
import torch

from convattn.lab import records
from convattn.lab.experiments import context


def test_answer_is_the_map_that_the_context_names():
    x, answer, first = context.draw(np.random.default_rng(0), 200)
    assert x.shape == (200, 8, 12, 12)
    assert set(x[:, :2].unique().tolist()) == {-1.0, 1.0}
    for image, truth, zero in zip(x, answer, first, strict=True):
        assert ((image[0 if zero else 1] > 0).float() == truth[0]).all()
    decoy = (x[:, 1] > 0).float()[first]
    assert abs((decoy == answer[first, 0]).float().mean() - 0.5) < 0.02  # independent signs: 0.5, sd 0.004


def test_context_channel_has_the_stated_mean_and_the_rest_is_noise():
    x, _, first = context.draw(np.random.default_rng(0), 2000, shift=0.5)
    # 1,000 x 144 values of sd 1 in each context: the mean has sd 0.0026
    assert abs(x[first, 2].mean() - 0.5) < 0.015
    assert abs(x[~first, 2].mean() + 0.5) < 0.015
    assert abs(x[:, 3:].mean()) < 0.01
    assert abs(x[:, 3:].std() - 1) < 0.01


def test_same_generator_same_images():
    a, b = (context.draw(np.random.default_rng(5), 3) for _ in range(2))
    assert all((p == q).all() for p, q in zip(a, b, strict=True))


@pytest.mark.parametrize(("pixels", "expected"), [(0, 0.75), (1, 0.79935), (64, 0.98862)])
def test_ceiling_from_a_table_of_the_normal_distribution(pixels, expected):
    # Phi(0.25) = 0.59871 and Phi(2) = 0.97725, so 0.5 + Phi / 2
    assert context.ceiling(pixels) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("pixels", [9, 144])
def test_ceiling_by_simulation(pixels):
    rng = np.random.default_rng(0)
    mean = (rng.standard_normal((20_000, pixels)) + 0.25).mean(axis=1)
    right = np.where(mean > 0, 1.0, 0.5).mean()  # a wrong guess is still right where the maps agree
    assert right == pytest.approx(context.ceiling(pixels), abs=0.01)  # sd 0.002


def test_window_ceiling_counts_the_pixels_inside_the_map():
    # 3 x 3 on 2 x 2: every position sees all 4 pixels; on 3 x 3: 4 corners see 4, 4 edges 6, the centre 9
    assert context.window_ceiling(3, size=2) == pytest.approx(context.ceiling(4))
    expected = (4 * context.ceiling(4) + 4 * context.ceiling(6) + context.ceiling(9)) / 9
    assert context.window_ceiling(3, size=3) == pytest.approx(expected)
    assert context.window_ceiling(23) == pytest.approx(context.ceiling(144))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: context.draw(rng, 0), "images must be >= 1, got 0"),
        (lambda rng: context.draw(rng, 1, channels=2), "channels must be >= 3, got 2"),
        (lambda rng: context.draw(rng, 1, size=0), "size must be >= 1, got 0"),
        (lambda rng: context.draw(rng, 1, shift=-1.0), "shift must be >= 0, got -1.0"),
        (lambda rng: context.ceiling(-1), "pixels and shift must be >= 0, got -1 and 0.25"),
        (lambda rng: context.window_ceiling(4), "window must be odd and >= 1, got 4"),
        (lambda rng: context.window_ceiling(3, size=0), "size must be >= 1, got 0"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        call(np.random.default_rng(0))


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("fixed", 8),
        ("fixed with bias", 8 + 1),
        ("gate", 2 * 8 * 4 + 4 + 8 + 8),  # two layers, their biases, one weight a channel
        ("frozen gate", 84),
        ("zero-bias gate", 84),
        ("softmax gate", 84),
        ("wide gate", 2 * 8 * 16 + 16 + 8 + 8),
        ("local 1", 8 * 16 + 16 + 17),
        ("local 5", 8 * 25 * 16 + 16 + 17),
    ],
)
def test_sizes(kind, parameters):
    model = context.network(kind)
    assert sum(p.numel() for p in model.parameters()) == parameters
    assert model(torch.zeros(2, 8, 12, 12)).shape == (2, 1, 12, 12)


def test_kinds_of_gate():
    x = torch.randn(3, 8, 4, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(context.network("softmax gate")[0].gate(x).sum(dim=1), torch.ones(3, 1, 1))
    assert (context.network("zero-bias gate")[0].fc1.bias == 0).all()
    torch.manual_seed(0)
    plain = context.network("gate")
    torch.manual_seed(0)
    zero = context.network("zero-bias gate")
    assert plain[0].fc1.bias.abs().min() > 0
    torch.testing.assert_close(plain[0].fc1.weight, zero[0].fc1.weight)  # the same start otherwise


@pytest.mark.parametrize("kind", ["local", "local 2", "local x", "Gate", ""])
def test_unknown_kind(kind):
    with pytest.raises(ValueError, match=f"^kind must be .*, got '{kind}'$"):
        context.network(kind)


def test_training_repeats_and_the_frozen_gate_is_the_mean_of_the_trained_one():
    trained, again, frozen = (context.trained(kind, 0, steps=3) for kind in ("gate", "gate", "frozen gate"))
    for a, b in zip(trained.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)
    rng = np.random.default_rng([0, 0])
    for _ in range(3):
        context.draw(rng, 64)
    torch.testing.assert_close(frozen[0].mean, trained[0].gate(context.draw(rng, 2000)[0]).mean(dim=0, keepdim=True))
    assert frozen[1].weight.equal(trained[1].weight)


def linear_shares(weights, bias, images=20_000):
    x, answer, _ = context.draw(np.random.default_rng(0), images, size=3)
    logits = torch.einsum("bchw,c->bhw", x[:, : len(weights)], torch.tensor(weights)) + bias
    return ((logits > 0) == (answer[:, 0] > 0.5)).float().mean().item()


def test_ceiling_of_linear_rules_on_drawn_images():
    # weights 8, 2 and 1 with a bias of -6 miss the limit by P(|noise| > 4); 180,000 pixels, sd 0.001
    assert linear_shares([8.0, 2.0, 1.0], -6.0) == pytest.approx(context.linear_ceiling(bias=True), abs=0.004)
    rng = np.random.default_rng(1)
    for _ in range(20):
        weights, bias = (2 * rng.standard_normal(3)).tolist(), 2 * rng.standard_normal()
        assert linear_shares(weights, bias) < context.linear_ceiling(bias=True) + 0.005
        assert linear_shares(weights, 0.0) < context.linear_ceiling(bias=False) + 0.005


def test_ceiling_of_linear_rules_by_hand():
    # Phi(0.25) = 0.59871: 0.5 + (1 + 1.19741) / 8
    assert context.linear_ceiling(bias=True) == pytest.approx(0.77468, abs=1e-5)
    assert context.linear_ceiling(bias=False) == context.ceiling(0) == 0.75


def test_committed_context_table_respects_the_ceilings():
    rows, notes = records.measured("context")
    assert notes["command"] == "python -m convattn.lab.experiments context"
    assert {r["seed"] for r in rows} == {str(seed) for seed in range(10)}
    limits = {f"local {k}": context.window_ceiling(k) for k in (1, 3, 5, 7)}
    limits |= dict.fromkeys(("gate", "wide gate", "softmax gate"), context.ceiling(144))
    limits |= {"fixed": 0.75, "frozen gate": 0.75, "fixed with bias": context.linear_ceiling(bias=True)}
    assert {r["kind"] for r in rows} == set(limits)
    for row in rows:
        # 2,000 test images; the share whose answer is in channel 0 has sd 1.1 points, and "fixed" gains half of it
        assert float(row["accuracy"]) < 100 * limits[row["kind"]] + 2
