"""The picture of both gates: what it shows is what the module computes, and what its caption says of it."""

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib import pyplot

from convattn.lab.show import edges_first, noise_gate, show_gates, use_style
from convattn.lab.show.photograph import filter_bank, photograph


def test_the_gates_prefer_edges_and_places_with_many():
    features, module = edges_first()
    which, where = module.gates(features)
    assert features.shape == (1, 5, 120, 102)
    assert features.amax(dim=(2, 3)).flatten().tolist() == pytest.approx([1.0] * 5)
    red, blue, upright, level, blur = which.flatten().tolist()
    assert min(upright, level) > 0.85 > 0.35 > max(red, blue, blur)
    edges = features[0, 2:4].sum(dim=0)
    assert edges[where[0, 0] > 0.8].mean() > 4 * edges[where[0, 0] < 0.2].mean()


def test_the_picture_shows_the_module_s_numbers():
    features, module = edges_first()
    with mpl.rc_context():
        use_style()
        figure = show_gates(features, module)
    shown = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    which, where = module.gates(features)
    assert len(shown) == 5 + 5 + 3
    for number in range(5):
        np.testing.assert_allclose(shown[number], features[0, number], atol=1 / 60)
        np.testing.assert_allclose(shown[5 + number], (features * which)[0, number].detach(), atol=1 / 60)
    np.testing.assert_allclose(shown[11], where[0, 0].detach(), atol=1 / 60)
    bars = next(axes for axes in figure.axes if axes.patches)
    assert [bar.get_height() for bar in bars.patches] == pytest.approx(which.flatten().tolist())
    pyplot.close(figure)
    with pytest.raises(ValueError, match=r"features must have shape \(1, 5, H, W\), got \(1, 4, 2, 2\)"):
        show_gates(torch.zeros(1, 4, 2, 2), module)


def test_the_gate_of_fine_detail_follows_the_noise():
    photo, grain = photograph(), np.random.default_rng(0).standard_normal((3, 150, 128))
    gates = []
    for noise in (0.0, 0.1, 0.2):
        maps = torch.from_numpy(filter_bank(photo + noise * grain)).float()[None]
        gate = noise_gate().gate(maps)[0, :, 0, 0]
        gates.append(gate[7].item())
        assert (gate[torch.arange(10) != 7] > 0.9999).all()
    assert gates == pytest.approx([0.88, 0.36, 0.02], abs=0.01)  # as the chapter says
