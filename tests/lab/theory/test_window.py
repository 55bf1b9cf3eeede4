"""Template matching: the formula against drawn examples and against hand-made cases."""

import numpy as np
import pytest

from convattn.lab.theory.window import simulate_snr, snr


@pytest.mark.parametrize(
    ("window", "size", "expected"),
    [(5, 5, 5.0), (3, 9, 5 / 3), (9, 3, 5.0), (1, 5, 1.0)],  # D min(k, s) / s with D = 5
)
def test_with_the_true_template(window, size, expected):
    assert snr(window, size) == pytest.approx(expected)


def test_one_example_of_a_window_of_the_squares_size():
    assert snr(5, 5, examples=1) == pytest.approx(25 / 50**0.5)  # delta^2 = 25, k^2 / n = 25


@pytest.mark.parametrize("examples", [1, 4])
@pytest.mark.parametrize(("window", "size"), [(1, 5), (3, 3), (7, 3), (11, 9)])
def test_the_formula_agrees_with_drawn_templates(window, size, examples):
    measured = simulate_snr(np.random.default_rng(0), window, size, examples=examples, trials=10_000)
    assert snr(window, size, examples=examples) == pytest.approx(measured, rel=0.05)


@pytest.mark.parametrize("function", [snr, lambda *a, **k: simulate_snr(None, *a, **k)])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((4, 3, 1), "window must be odd and >= 1, got 4"),
        ((3, -1, 1), "size must be odd and >= 1, got -1"),
        ((3, 3, 0), "examples must be >= 1, got 0"),
    ],
)
def test_bad_arguments(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments[:2], examples=arguments[2])
