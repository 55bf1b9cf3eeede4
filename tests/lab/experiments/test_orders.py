"""The probes of chapter 4: their images, and what the gates cannot see in them."""

import numpy as np
import pytest
import torch

from convattn.cbam import ORDERS
from convattn.lab.experiments import orders
from convattn.lab.experiments.orders import TASKS


def drawn(task, images=300, noise=0.0):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(orders, "NOISE", noise)
        return orders.draw(np.random.default_rng(0), images, task)


@pytest.mark.parametrize("task", TASKS)
def test_squares_have_25_pixels_and_do_not_touch(task):
    _, _, squares = drawn(task, images=3000)
    assert squares.shape == (3000, 2, 16, 16)
    assert (squares.sum(dim=(2, 3)) == 25).all()
    grown = torch.nn.functional.max_pool2d(squares[:, :1].float(), 3, stride=1, padding=1) > 0
    assert not (grown[:, 0] & squares[:, 1]).any()
    assert squares[:, 0].any(dim=0).all()  # every pixel is in a target now and then


@pytest.mark.parametrize("task", TASKS)
def test_answers_follow_the_rule(task):
    x, answer, squares = drawn(task)
    for image, sign, (first, second) in zip(x, 2 * answer - 1, squares, strict=True):
        torch.testing.assert_close(image[[1, 3]], -image[[0, 2]])
        if task == "what first":
            colour = 6 if image[4].min() == 1 else 7
            assert (image[4] + image[5] == 1).all()
            counts = image[colour] == 1
            assert torch.equal(counts, first)
            assert (image[0][counts] == sign).all()
            assert torch.equal(image[13 - colour] == 1, second)
        elif task == "where first":
            marked = image[6] == 1
            assert torch.equal(marked, first)
            assert torch.equal(image[6], image[7])
            channel = 0 if (image[4][marked] == 1).all() else 2
            assert (image[channel] == sign).all()
            assert torch.equal(image[4] + image[5], (first | second).float())
        else:
            channel = 0 if image[4].min() == 1 else 2
            assert (image[channel][image[6] == 1] == sign).all()
            assert torch.equal(image[6] == 1, first)


@pytest.mark.parametrize(
    ("task", "share"),
    [
        ("what first", 3 / 4),  # the answer is one of two signs: they agree, or it is a guess
        ("where first", 3 / 4),
        ("either", 11 / 16),  # one of four: with the sum of the other three at 3 or 1 it wins, at -1 it ties
    ],
)
def test_the_sum_of_all_signs_is_right_as_often_as_votes_say(task, share):
    x, answer, _ = drawn(task, images=4000)
    total = (x[:, 0] + x[:, 2]).sum(dim=(1, 2))
    right = ((total > 0) == (answer > 0.5)).float()
    right[total == 0] = 0.5
    assert right.mean() == pytest.approx(share, abs=0.03)
    assert answer.mean() == pytest.approx(0.5, abs=0.03)


def test_what_first_hides_the_colour_from_the_planes():
    x, _, _ = drawn("what first", noise=0.1)
    for a, b in ((4, 5), (6, 7)):
        order = list(range(8))
        order[a], order[b] = b, a
        torch.testing.assert_close(x[:, order].mean(dim=1), x.mean(dim=1))
        torch.testing.assert_close(x[:, order].amax(dim=1), x.amax(dim=1))


def test_where_first_hides_the_colour_from_the_channel_pools_until_the_mark_is_cut_out():
    x, _, squares = drawn("where first")
    torch.testing.assert_close(x[:, 4].mean(dim=(1, 2)), x[:, 5].mean(dim=(1, 2)))
    torch.testing.assert_close(x[:, 4].amax(dim=(1, 2)), x[:, 5].amax(dim=(1, 2)))
    cut = x * squares[:, :1]
    assert ((cut[:, 4].mean(dim=(1, 2)) - cut[:, 5].mean(dim=(1, 2))).abs() > 0.09).all()  # 25 of 256 pixels


def test_noise_has_its_standard_deviation():
    difference = drawn("either", noise=0.1)[0] - drawn("either")[0]
    assert difference.std() == pytest.approx(0.1, rel=0.02)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((5, "neither"), "task must be one of .*got 'neither'"), ((0, "either"), "images must be >= 1, got 0")],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        orders.draw(np.random.default_rng(0), *arguments)


def test_runs_repeat_and_seeds_differ():
    first, again, other = (orders.run("either", "parallel", seed, steps=3) for seed in (0, 0, 1))
    assert first == again != other
    assert set(first) == set(ORDERS)


@pytest.mark.parametrize(("order", "task"), [("spatial-channel", "what first"), ("channel-spatial", "where first")])
def test_the_other_order_stays_at_its_ceiling(order, task):
    share = orders.run(task, order, 0, steps=60)[order]
    assert share < 0.8  # 75 % and sampling error; 1,000 images
    assert orders.ceiling(task, order) == 75


def test_ceilings():
    assert [orders.ceiling(task, order) for task in TASKS for order in ORDERS] == [100, 75, 75, 75, 100, 75, *3 * [100]]


def test_adding_all_signs_is_right_as_often_as_votes_say():
    means = orders.ungated_means(range(3))
    assert means["what first"] == pytest.approx(75, abs=3)
    assert means["where first"] == pytest.approx(75, abs=3)
    assert means["either"] == pytest.approx(100 * 11 / 16, abs=3)  # one of four signs
