"""Kinks: their share is what the gradient's integral holds and curvature does not, and the ladder says so."""

import pytest
import torch
from torch import nn

from curvature import curvature_ladder, expand
from curvature.quadrature import clenshaw_curtis
from tests.curvature.densities import CouplingFlow, Gaussian, randn, random_spd
from tests.curvature.flows import random_image_flow

LINE = "path is not the measured gap: kinks, or gradients that are not log p's"


def laplace(x):
    return -x.abs().sum(1)


class ReluFlow(CouplingFlow):
    def __init__(self, dim):
        super().__init__((dim,), steps=4, width=32, seed=3)
        self.activation = nn.ReLU()
        self.eval()


@pytest.mark.parametrize("density", [laplace, ReluFlow(4).double()], ids=["Laplace", "ReLU couplings"])
def test_kinks_are_the_share_that_curvature_lacks(density):
    q, p = 0.5 + 0.4 * randn(200, 4, seed=1), 0.2 + 2 * randn(200, 4, seed=2)
    ladder = curvature_ladder(density, q=q, p=p)
    names = [rung.name for rung in ladder.rungs]
    assert names[-3:] == ["path", "path-gradient", "kinks"]
    assert ladder["path-gradient"].nats == pytest.approx(ladder.measured.nats, rel=0.02)
    assert abs(ladder["path"].difference) > 3 * ladder["path"].difference_standard_error
    assert ladder["kinks"].nats == pytest.approx(ladder["path-gradient"].nats - ladder["path"].nats, rel=1e-9)
    assert str(ladder).splitlines()[-1].startswith(f"{LINE}; the integral of the gradient is: kinks")
    assert next(line for line in str(ladder).splitlines() if line.startswith("kinks")).endswith("a part")
    assert LINE in ladder._repr_html_().replace("&#x27;", "'")


def test_curvature_of_a_laplace_density_is_zero_and_all_is_in_the_kinks():
    """phi(1) = phi(0) + phi'(0) + sum of (1 - t_k) J_k, by hand."""
    x0 = torch.full((3,), 0.1, dtype=torch.float64)
    q, p = 0.5 * randn(60, 3, seed=1), randn(80, 3, seed=2)
    ladder = curvature_ladder(laplace, q=q, p=p, at=x0, rungs=("path", "path-gradient", "kinks"))

    def by_hand(x):
        # |x_i| has its kink where the path crosses zero: the slope of -|.| jumps by -2 |d_i|.
        d = x - x0
        t = -x0 / d
        return torch.where((t > 0) & (t < 1), (1 - t) * -2 * d.abs(), 0).sum(1)

    assert ladder["kinks"].nats == pytest.approx(float(by_hand(q).mean() - by_hand(p).mean()), rel=0.02)


def test_smooth_densities_have_none_and_take_no_gradient_for_it():
    model = Gaussian(torch.zeros(3, dtype=torch.float64), random_spd(3, 0))
    samples = {"q": 0.5 * randn(9, 3, seed=3), "p": randn(9, 3, seed=4)}
    ladder = curvature_ladder(model, **samples)
    assert "path-gradient" not in [rung.name for rung in ladder.rungs]
    assert LINE not in str(ladder)
    asked = curvature_ladder(
        model, q=0.5 * randn(9, 3, seed=3), p=randn(9, 3, seed=4), rungs=("kinks", "path-gradient")
    )
    assert asked["kinks"].nats == pytest.approx(0, abs=1e-9)
    assert asked["path-gradient"].nats == pytest.approx(asked.measured.nats, rel=1e-9)


def test_a_jump_of_log_p_is_neither_curvature_nor_kink():
    def stepping(x):
        return -0.5 * x.square().sum(1) - 5.0 * (x[:, 0] > 0.5)

    ladder = curvature_ladder(stepping, q=1 + 0.1 * randn(40, 2, seed=1), p=-0.5 + 0.1 * randn(40, 2, seed=2))
    assert str(ladder).splitlines()[-1].startswith(f"{LINE}; the integral of the gradient is not either: log p jumps")


@pytest.mark.parametrize(
    "model", [random_image_flow((1, 4, 4)), CouplingFlow((2, 3)).double()], ids=["layered", "tapped"]
)
def test_slopes_are_the_gradient_along_the_way(model):
    shape = model.event_shape
    x, d = randn(5, *shape, seed=1), randn(5, *shape, seed=2)
    e = expand(model, at=torch.zeros(shape))
    y = x.clone().requires_grad_()
    (g,) = torch.autograd.grad(e.log_prob(y).sum(), y)
    for operator in (e.operator, e.operator.dense()):
        torch.testing.assert_close(operator.slope(x, d), (g * d).flatten(1).sum(1), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("n", [2, 8, 64])
def test_rule_without_weight_is_exact_for_polynomials(n):
    t, w = (torch.tensor(each, dtype=torch.float64) for each in clenshaw_curtis(n, weighted=False))
    for degree in range(n + 1):
        assert float((w * t**degree).sum()) == pytest.approx(1 / (degree + 1), rel=1e-13)
