"""Damage by channel and training that varies: what is done to the images, and to no other."""

import numpy as np
import pytest
import torch

from convattn.lab.experiments import pools, robustness


def drawn(task, training, images=400):
    return robustness.draw(np.random.default_rng(0), images, task, training)


@pytest.mark.parametrize("task", ["average", "maximum"])
def test_fixed_training_is_that_of_pools(task):
    for a, b in zip(drawn(task, "fixed"), pools.draw(np.random.default_rng(0), 400, task), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("task", ["average", "maximum"])
def test_varied_training_changes_the_nuisance_of_channel_4_alone(task):
    (plain, answer, source), (varied, same_answer, same_source) = drawn(task, "fixed"), drawn(task, "varied")
    assert torch.equal(answer, same_answer)
    assert (source == same_source).all()
    others = [0, 1, 2, 3, 5, 6, 7]
    assert torch.equal(plain[:, others], varied[:, others])
    change = (varied - plain)[:, 4].flatten(1)
    if task == "average":  # one pixel, the brightest one; its new height lies between 4 and 24, noise apart
        assert ((change != 0).sum(dim=1) == 1).all()
        assert (change.abs().argmax(dim=1) == plain[:, 4].flatten(1).argmax(dim=1)).all()
        assert change.min() > -4.01
        assert change.max() < 16.01
        assert change[change != 0].std() > 4
    else:  # the whole channel by one number
        assert (change.amax(dim=1) - change.amin(dim=1)).max() < 1e-5
        assert 0.45 < change.abs().max() < 0.501


def test_damage():
    x = torch.ones(60, 8, 12, 12)
    for damage in robustness.DAMAGES:
        changed = robustness.damaged(x, np.random.default_rng(0), damage) - x
        kind, where = damage.split()
        for channel in range(8):
            hit = (where == "both" and channel in (4, 5)) or where == str(channel)
            change = changed[:, channel].flatten(1)
            if not hit:
                assert (change == 0).all(), damage
            elif kind == "hot":
                assert ((change == 20).sum(dim=1) == 1).all()
                assert ((change == 0).sum(dim=1) == 143).all()
                assert len(set(change.argmax(dim=1).tolist())) > 20
            else:
                assert (change == change[:, :1]).all()
                assert sorted(set(change[:, 0].tolist())) == [-0.25, 0.25]
    assert (x == 1).all()
    with pytest.raises(ValueError, match=r"damage must be one of .*got 'cold 4'"):
        robustness.damaged(x, np.random.default_rng(0), "cold 4")


def test_clean_and_damaged_images_are_the_same_for_all_gates_and_trainings():
    images, answer = robustness.with_damages(np.random.default_rng(3), 50, "average")
    assert list(images) == ["clean", *robustness.DAMAGES]
    assert torch.equal(images["clean"], pools.draw(np.random.default_rng(3), 50, "average")[0])
    assert answer.shape == (50, 1, 12, 12)
