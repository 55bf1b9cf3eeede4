"""The suite rejects every wrong variant of lab/proof/bugs.py, by the very checks that it runs on the true modules."""

from functools import cache

import checks
import pytest
import torch
from helpers import build, draw

from convattn.lab.proof import bugs
from convattn.lab.proof.bugs import VARIANTS

RIGHT = {variant.wrong: variant.right for variant in VARIANTS}

# Which checks catch which variant, and the part of their message that shows the reason.
REJECTIONS = [
    (bugs.SquarePooling, checks.non_square, AssertionError, "output at 4 x 6: off by"),
    (bugs.ZeroWidth, checks.no_dead_gate, AssertionError, "the same gate for two images at r=16"),
    (bugs.ReductionIgnored, checks.hidden_width, AssertionError, "C=64 r=4 hidden=None"),
    (bugs.ReductionIgnored, checks.parameter_count, AssertionError, "580 parameters, expected 2128"),
    (bugs.AverageTwice, checks.maximum_matters, AssertionError, "the gate does not see the maximum"),
    (bugs.AverageTwice, checks.hand_computed, AssertionError, "gate, channel attention: off by"),
    (bugs.AverageTwice, checks.values_float64, AssertionError, "gate: off by"),
    (bugs.EvenKernel, checks.odd_kernels, AssertionError, r"kernel_size=2: gate \(1, 1, 6, 5\)"),
    (bugs.NoSpatialSigmoid, checks.gate_range, AssertionError, "gate goes down to -"),
    (bugs.NoSpatialSigmoid, checks.hand_computed, AssertionError, "gate, spatial attention: off by"),
    (bugs.NoSpatialSigmoid, checks.values_float64, AssertionError, "gate: off by"),
    (bugs.TwoMLPs, checks.parameter_count, AssertionError, "16928 parameters, expected 8464"),
    (bugs.TwoMLPs, checks.output_bias_counts_per_pool, AssertionError, r"pools=\('max',\)"),
    (bugs.TwoMLPs, checks.values_float64, AssertionError, "gate: off by"),
    (bugs.GateIgnored, checks.gate_fn, AssertionError, "gate is not that of the identity"),
    (bugs.GateNotForwarded, checks.gate_fn, AssertionError, "spatial gate is not the identity's"),
    (bugs.NeverRun, checks.non_square, RuntimeError, "shapes cannot be multiplied"),
    (bugs.NeverRun, checks.hidden_width, AssertionError, "C=64 r=16 hidden=None"),
    (bugs.SigmoidTwice, checks.gate_range, AssertionError, "gate stays above 0.5"),
    (bugs.SigmoidTwice, checks.hand_computed, AssertionError, "gate, channel attention: off by"),
    (bugs.SigmoidTwice, checks.values_float64, AssertionError, "gate: off by"),
    (bugs.WidthIsReduction, checks.hidden_width, AssertionError, "C=64 r=16 hidden=None"),
    (bugs.WidthIsReduction, checks.parameter_count, AssertionError, "580 parameters, expected 2128"),
    (bugs.PlanesSwapped, checks.hand_computed, AssertionError, "gate, spatial attention: off by"),
    (bugs.PlanesSwapped, checks.values_float64, AssertionError, "gate: off by"),
]


@cache
def passes(check, cls):
    """Run ``check`` on the true module; once, where several variants share the pair."""
    check(cls)
    return True


# PyTorch warns when it builds the layer of no units, which is the bug.
@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors is a no-op:UserWarning")
@pytest.mark.parametrize(
    ("wrong", "check", "error", "message"), REJECTIONS, ids=[f"{w.__name__}-{c.__name__}" for w, c, _, _ in REJECTIONS]
)
def test_check_rejects_the_wrong_variant_and_passes_the_right_one(wrong, check, error, message):
    assert check in checks.CHECKS[RIGHT[wrong]], "the suite does not run this check on the true module"
    assert passes(check, RIGHT[wrong])
    with pytest.raises(error, match=message):
        check(wrong)


def test_every_variant_is_rejected():
    assert {wrong for wrong, *_ in REJECTIONS} == set(RIGHT)


def test_a_check_of_shapes_alone_lets_all_but_one_through():
    accepted = []
    for variant in VARIANTS:
        checks.output_shape_only(variant.right)
        try:
            checks.output_shape_only(variant.wrong)
        except RuntimeError:
            continue
        accepted.append(variant.wrong)
    assert accepted == [
        bugs.SquarePooling,
        bugs.ZeroWidth,
        bugs.ReductionIgnored,
        bugs.AverageTwice,
        bugs.EvenKernel,
        bugs.NoSpatialSigmoid,
        bugs.TwoMLPs,
        bugs.GateIgnored,
        bugs.GateNotForwarded,
        bugs.SigmoidTwice,
        bugs.WidthIsReduction,
        bugs.PlanesSwapped,
    ]
    assert bugs.NeverRun not in accepted  # the one whose forward pass raises


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors is a no-op:UserWarning")
def test_shapes_do_not_show_these_bugs_where_they_act():
    # The weak check above uses 64 channels and square maps; here each bug is in effect, and the shape still is right.
    dead = build(bugs.ZeroWidth, 8, reduction=16)
    assert dead(draw((2, 8, 5, 5))).shape == (2, 8, 5, 5)
    assert torch.equal(dead.gate(draw((1, 8, 5, 5), 1)), dead.gate(draw((1, 8, 5, 5), 2)))  # one gate for every image
    wide = build(bugs.SquarePooling)
    assert wide(draw((2, 6, 4, 6))).shape == (2, 6, 4, 6)
    assert bugs.NeverRun(256)(torch.ones(2, 256, 4, 4)).shape == (
        2,
        256,
        4,
        4,
    )  # 256 // 16 = 16: the bug is invisible


def test_an_even_kernel_is_found_at_the_first_forward_pass_only():
    module = build(bugs.EvenKernel, kernel_size=4)
    with pytest.raises(RuntimeError, match="must match the size"):
        module(draw((2, 6, 5, 4)))


def test_swapped_planes_are_a_permutation_of_the_weights():
    # The fault loads without error; exchanging the kernel's two planes undoes it exactly.
    right, wrong, x = build(RIGHT[bugs.PlanesSwapped]), build(bugs.PlanesSwapped), draw((2, 6, 5, 4))
    wrong.load_state_dict(right.state_dict(), strict=True)
    assert (wrong.gate(x) - right.gate(x)).abs().max() > 0.01
    wrong.conv.weight.data = wrong.conv.weight.data.flip(1)
    torch.testing.assert_close(wrong.gate(x), right.gate(x), rtol=0, atol=1e-14)
