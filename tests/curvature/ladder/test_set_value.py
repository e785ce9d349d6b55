"""Jackknife errors of values of whole sets: against closed forms, and against the spread over repeated data."""

import math

import pytest
import torch

from curvature import Ladder, evaluate_rungs, expand, prepare_rungs
from curvature.ladder.options import GaussianOptions
from curvature.ladder.set_value import SetValue, left_out_means, noise_of_draws, set_gap
from tests.curvature.densities import CouplingFlow, randn

FEW = GaussianOptions(pairs=48, left_out_pairs=48)


def of_mean(values, proxy=None):
    proxy = torch.zeros_like(values) if proxy is None else proxy
    return SetValue(float(values.mean()), proxy, left_out_means(values) - values.mean(), values.new_zeros(4))


def test_without_each_sample_the_jackknife_of_a_mean_is_its_standard_error():
    q, p = randn(10, seed=0), randn(8, seed=1)
    gap = set_gap(of_mean(q), of_mean(p))
    assert gap.nats == pytest.approx(float(q.mean() - p.mean()))
    assert gap.error == pytest.approx(math.sqrt(float(q.var() / 10 + p.var() / 8)))
    assert gap.samples_error == gap.error
    assert gap.draws_error == 0


def test_a_proxy_that_is_right_gives_the_error_from_every_sample():
    q, p = randn(50, seed=0), randn(60, seed=1)
    exact = math.sqrt(float(q.var() / 50 + p.var() / 60))
    assert set_gap(of_mean(q, q), of_mean(p, p)).error == pytest.approx(exact)
    assert set_gap(of_mean(q), of_mean(p)).error != pytest.approx(exact, rel=1e-3)


def test_a_mean_less_itself_has_no_error():
    q, p = randn(50, seed=0), randn(60, seed=1)
    gap = set_gap(of_mean(q).less(q), of_mean(p).less(p))
    assert gap.nats == pytest.approx(0, abs=1e-12)
    assert gap.error == pytest.approx(0, abs=1e-12)


def test_the_variance_that_draws_add_to_the_jackknife_is_taken_off():
    """Replicates that differ by the noise of their draws alone: the expectation of what is left is zero."""
    left = []
    for seed in range(200):
        noise = randn(10, 30, seed=seed)
        total = 9 / 10 * float((noise.mean(1) - noise.mean()).square().sum())
        left.append(total - noise_of_draws(noise))
    left = torch.tensor(left)
    assert abs(float(left.mean())) < 3 * float(left.std()) / math.sqrt(200)
    assert noise_of_draws(randn(10, 30, seed=0)) == pytest.approx(9 / 30, rel=0.3)


def test_draws_are_paired():
    draws = randn(40, seed=0)
    q, p = (SetValue(c, torch.zeros(20).double(), torch.zeros(10).double(), draws + c) for c in (2.0, 1.0))
    assert set_gap(q, p).draws_error == pytest.approx(0, abs=1e-12)


def test_errors_of_gaussian_are_its_spread_over_repeated_data_and_draws():
    """60 repeats give a spread to 9 %; a jackknife of ten groups is off by a quarter each time, its mean much less."""
    expansion, found = expand(CouplingFlow((4,)), at=torch.zeros(4)), []
    for i in range(60):
        p, q = randn(120, 4, seed=2 * i), 0.3 + 0.6 * randn(90, 4, seed=2 * i + 1)
        options = GaussianOptions(pairs=48, left_out_pairs=48, seed=10 * i)
        prepared = prepare_rungs(expansion, p, ["taylor2", "gaussian"], gaussian=options)
        found.append(Ladder.between(evaluate_rungs(prepared, q), evaluate_rungs(prepared, p))["gaussian"])
    for value, error in (("bits_per_dim", "standard_error"), ("difference", "difference_standard_error")):
        spread = float(torch.tensor([getattr(r, value) for r in found]).std())
        mean_square = sum(getattr(r, error) ** 2 for r in found) / len(found)
        assert math.sqrt(mean_square) == pytest.approx(spread, rel=0.3), value
