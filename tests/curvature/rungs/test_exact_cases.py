"""Densities and data for which rungs equal the measured gap, and how the terms of `taylor2` add up."""

import math

import pytest
import torch

from curvature import Moments, curvature_ladder, expand
from tests.curvature.densities import CouplingFlow, Gaussian, randn, random_spd

EXACT = ("taylor2", "mean-curvature", "path-1", "path-2", "path-3", "path")


def centred(x, mean):
    return x - x.mean(0) + mean


def assert_flat(ladder, names):
    for name in names:
        rung = ladder[name]
        assert rung.nats == pytest.approx(ladder.measured.nats, rel=1e-8)
        assert rung.ratio == pytest.approx(1, rel=1e-8)
        assert rung.difference == pytest.approx(0, abs=1e-8 * abs(ladder.measured.bits_per_dim))
        assert rung.sign_agrees


@pytest.mark.parametrize("event", [(), (5,), (1, 2, 3)])
def test_gaussian_ladder_is_flat(event):
    dim = math.prod(event)
    model = Gaussian(randn(*event, seed=1), random_spd(dim, seed=2))
    q, p = 0.5 + 0.6 * randn(30, *event, seed=3), randn(70, *event, seed=4)
    ladder = curvature_ladder(model.log_prob, q=q, p=p)
    assert_flat(ladder, EXACT)
    mean = model.mean
    same_mean = curvature_ladder(model.log_prob, q=centred(q, mean), p=centred(p, mean))
    assert_flat(same_mean, ("full", *EXACT))


def test_diagonal_rung_is_exact_for_independent_pixels():
    mean = randn(4, seed=1)
    q, p = (centred(s * randn(n, 4, seed=n), mean) for s, n in ((0.5, 20), (1.0, 30)))
    model = Gaussian(mean, torch.diag(torch.tensor([0.5, 1.0, 2.0, 3.0], dtype=torch.float64)))
    assert_flat(curvature_ladder(model, q=q, p=p), ("diagonal", "full", *EXACT))


def test_diagonal_rung_is_exact_for_uncorrelated_data():
    cross = torch.cat([torch.eye(4), -torch.eye(4)]).double()
    model = Gaussian(torch.zeros(4, dtype=torch.float64), random_spd(4, seed=0))
    scales = torch.tensor([0.2, 0.5, 1.0, 1.5])
    assert_flat(curvature_ladder(model, q=cross * scales, p=2 * cross), ("diagonal", "full", *EXACT))


def test_the_terms_of_taylor2_are_those_from_moments_and_sum_to_it():
    model, q, p = CouplingFlow((2, 4)), 0.2 + 0.5 * randn(30, 2, 4, seed=1), randn(40, 2, 4, seed=2)
    x0 = torch.full((2, 4), 0.1, dtype=torch.float64)
    names = ("gradient", "mean-shift", "full", "taylor2")
    ladder = curvature_ladder(model, q=q, p=p, at=x0, rungs=names)
    predicted = expand(model, x0).predict(Moments.from_samples(q), Moments.from_samples(p), method="dense")
    assert ladder["gradient"].nats == pytest.approx(predicted.gradient, rel=1e-9)
    assert ladder["mean-shift"].nats == pytest.approx(predicted.mean_shift, rel=1e-9)
    assert ladder["full"].nats == pytest.approx(predicted.covariance, rel=1e-9)
    assert sum(ladder[name].nats for name in names[:3]) == pytest.approx(ladder["taylor2"].nats, rel=1e-9)
