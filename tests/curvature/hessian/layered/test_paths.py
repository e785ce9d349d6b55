"""Curvature along lines through the layers against forward-over-reverse differentiation of log p."""

import pytest
import torch

from curvature import curvature_ladder
from curvature.hessian.derivatives import directional_curvature
from curvature.hessian.layered.paths import curvature_along_lines
from tests.curvature.densities import randn
from tests.curvature.flows import ACTIVATIONS, random_image_flow


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_path_jets_are_the_second_derivative_by_automatic_differentiation(activation):
    model = random_image_flow((3, 8, 8), activation=activation, prior_scale=0.7)
    x, d = randn(5, 3, 8, 8, seed=1), randn(5, 3, 8, 8, seed=2)
    before = x.clone(), d.clone()
    found = curvature_along_lines(model.curvature_layers(), x, d)
    torch.testing.assert_close(found, directional_curvature(model.log_prob, x, d), rtol=1e-10, atol=0)
    torch.testing.assert_close((x, d), before, rtol=0, atol=0)


def test_path_jets_in_single_precision():
    model = random_image_flow((1, 8, 8))
    x, d = randn(5, 1, 8, 8, seed=1), randn(5, 1, 8, 8, seed=2)
    expected = curvature_along_lines(model.curvature_layers(), x, d)
    single = curvature_along_lines(model.float().curvature_layers(), x.float(), d.float())
    torch.testing.assert_close(single.double(), expected, rtol=1e-4, atol=0)


def test_the_ladder_through_layers_is_the_ladder_by_differentiation():
    model = random_image_flow((1, 8, 8), steps=2)
    q, p = 0.5 + 0.2 * randn(30, 1, 8, 8, seed=1), 0.4 + 0.3 * randn(90, 1, 8, 8, seed=2)
    fast = curvature_ladder(model, q, p)
    slow = curvature_ladder(lambda x: model.log_prob(x), q, p)
    for b in (*slow.rungs, slow.measured):
        a = fast[b.name]
        assert a.nats == pytest.approx(b.nats, rel=1e-9)
        assert a.difference_standard_error == pytest.approx(b.difference_standard_error, rel=1e-7, abs=1e-12)
    assert fast["path-2"].route == "2-jet through the layers, 2 Gauss-Jacobi nodes"
    assert slow["path-2"].route == "forward-over-reverse, 2 Gauss-Jacobi nodes"


def test_any_memory_budget_gives_the_same_path():
    model = random_image_flow((1, 4, 4), steps=2)
    q, p = 0.5 + 0.2 * randn(9, 1, 4, 4, seed=1), 0.4 + 0.3 * randn(20, 1, 4, 4, seed=2)
    small, large = (curvature_ladder(model, q, p, memory_budget=b) for b in (1, 1e9))
    for a, b in zip(small.rungs, large.rungs, strict=True):
        assert a.nats == pytest.approx(b.nats, rel=1e-10)
