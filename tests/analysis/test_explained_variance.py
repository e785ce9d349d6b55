"""R^2 against least squares by numpy."""

import numpy as np
import pytest

from analysis.explained_variance import correlations, r_squared


def by_least_squares(y, x):
    design = np.column_stack([np.ones(len(y)), x])
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return 1 - residual.var() / y.var()


def test_r_squared_is_that_of_least_squares():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 4)) @ rng.normal(size=(4, 4)) * [1, 1e-4, 1e5, 1] + [0, 3, 7, 1e4]
    y = x @ [1, 2e4, 1e-5, 0] + rng.normal(size=50) - 1e4
    R = correlations(np.column_stack([y, x]))
    for explaining in ([1], [4], [2, 3], [1, 2, 3, 4]):
        assert r_squared(R, 0, explaining) == pytest.approx(by_least_squares(y, x[:, np.array(explaining) - 1]))


def test_a_score_twice_explains_as_much_as_once_and_a_constant_nothing():
    rng = np.random.default_rng(1)
    x = rng.normal(size=30)
    y = x + rng.normal(size=30)
    R = correlations(np.column_stack([y, x, 2 * x - 5, np.full(30, 0.1)]))
    assert r_squared(R, 0, [1, 2]) == pytest.approx(r_squared(R, 0, [1]))
    assert r_squared(R, 0, [3]) == 0
    assert np.isnan(r_squared(R, 3, [0]))
