"""The Hessian of a mixture, component by component, against the closed form and against differentiation as a whole."""

import math

import pytest
import torch

from curvature import Moments, expand
from curvature.errors import RouteError
from curvature.hessian.mixture import MixtureHessian
from tests.curvature.densities import Mixture, randn

LITTLE = 5e3  # bytes: less than all components of one sample take, more than one of them
CENTRES = randn(40, 6, seed=1)


class Apart(Mixture):
    """A mixture that names its components."""

    def log_components(self):
        constant = -math.log(len(self.centres)) - 0.5 * self.centres.shape[1] * math.log(2 * math.pi)

        def component(centre):
            return lambda x: constant - 0.5 * (x - centre).square().sum(1)

        return [component(centre) for centre in self.centres]


class WrongWeights(Apart):
    def log_components(self):
        return super().log_components()[1:]


@pytest.fixture(scope="module")
def operators():
    at = randn(6, seed=2)
    apart, whole = (expand(Apart(CENTRES), at=at, memory_budget=budget).operator for budget in (LITTLE, 2**28))
    assert isinstance(apart, MixtureHessian)
    assert not isinstance(whole, MixtureHessian)
    return apart, whole


def test_it_is_taken_where_memory_is_short_and_takes_more_rows_at_once(operators):
    apart, whole = operators
    assert apart.route == "mixture (40 components)"
    assert apart.point.chunk == 1 < apart.rows_at_once == apart.samples_at_once
    assert whole.route == "hvp"


def test_the_hessian_is_that_of_the_closed_form(operators):
    apart, _ = operators
    x0 = apart.point.x0
    d = x0 - CENTRES
    w = (-0.5 * d.square().sum(1)).softmax(0)
    expected = torch.einsum("k,ki,kj->ij", w, d, d) - torch.outer(w @ d, w @ d) - torch.eye(6, dtype=torch.float64)
    torch.testing.assert_close(apart.dense().matrix, expected)


def test_it_agrees_with_differentiation_as_a_whole(operators):
    apart, whole = operators
    v, x = randn(5, 6, seed=3), randn(5, 6, seed=4)
    torch.testing.assert_close(apart.products(v), whole.products(v))
    torch.testing.assert_close(apart.forms(v).total, whole.forms(v).total)
    torch.testing.assert_close(apart.along(x, v), whole.along(x, v))
    torch.testing.assert_close(apart.slope(x, v), whole.slope(x, v))
    torch.testing.assert_close(apart.log_prob(x), whole.log_prob(x))


def test_predictions_are_the_same(operators):
    p, q = Moments.from_samples(randn(50, 6, seed=5)), Moments.from_samples(randn(50, 6, seed=6))
    found = [expand(Apart(CENTRES), at=p.mean, memory_budget=budget).predict(q, versus=p) for budget in (LITTLE, 2**28)]
    assert found[0].total == pytest.approx(found[1].total)


@pytest.mark.parametrize(
    ("model", "budget", "words"),
    [
        (Mixture, LITTLE, "the model has no method log_components"),
        (Apart, 2**28, "all components fit the memory budget at once"),
        (WrongWeights, LITTLE, "log_components sum to log p = .*, log_prob is"),
    ],
)
def test_where_it_is_not_taken_the_reason_is_told(model, budget, words):
    point = expand(model(CENTRES), at=randn(6, seed=2), memory_budget=budget).operator.point
    with pytest.raises(RouteError, match=words):
        MixtureHessian.of(point)
