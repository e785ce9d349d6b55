"""The rungs `gaussian` and `price` against closed forms and against each other."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from curvature import Moments, curvature_ladder, expand, prepare_rungs
from curvature.errors import NonFiniteError, OptionError
from curvature.ladder.options import GaussianOptions
from curvature.rungs.gaussian import DEQUANTIZATION_VARIANCE
from tests.curvature.densities import CouplingFlow, Gaussian, Mixture, randn, random_spd
from tests.curvature.flows import random_image_flow

RUNGS = ("taylor2", "gaussian", "price")
FEW = GaussianOptions(pairs=40, left_out_pairs=20, nodes=6, pairs_per_node=20)
MANY = GaussianOptions(pairs=1500, left_out_pairs=2, nodes=10, pairs_per_node=200)


class Quartic(nn.Module):
    """``-sum_i x_i^4 / 4``: expectations under Gaussians follow from their moments."""

    def __init__(self) -> None:
        super().__init__()
        self.eval()

    def log_prob(self, x):
        return -x.pow(4).flatten(1).sum(1) / 4

    @staticmethod
    def expected(x):
        """Under the Gaussian with the mean and variances of samples: ``E x^4 = m^4 + 6 m^2 s^2 + 3 s^4``."""
        m, s2 = x.mean(0), x.var(0, correction=0)
        return -float((m**4 + 6 * m**2 * s2 + 3 * s2**2).sum()) / 4


def draws_errors(ladder):
    """Standard error of the draws alone, in nats: both rungs have the same samples."""
    return [ladder[name].draws_standard_error * ladder.dim * math.log(2) for name in ("gaussian", "price")]


@given(
    event=st.sampled_from([(), (3,), (1, 2, 3)]),
    n_q=st.integers(2, 25),
    n_p=st.integers(2, 25),
    scale=st.sampled_from([0.0, 0.3, 2.0]),
    shift=st.floats(-2, 2),
)
@settings(deadline=None, max_examples=8)
def test_for_a_gaussian_model_both_are_taylor2_with_its_standard_error(event, n_q, n_p, scale, shift):
    model = Gaussian(randn(*event, seed=1), random_spd(math.prod(event), seed=2))
    q, p = shift + scale * randn(n_q, *event, seed=3), randn(n_p, *event, seed=4)
    ladder = curvature_ladder(model, q, p, rungs=RUNGS, gaussian=FEW)
    for name in ("gaussian", "price"):
        assert ladder[name].nats == pytest.approx(ladder["taylor2"].nats, rel=1e-7, abs=1e-7)
        assert ladder[name].difference == pytest.approx(0, abs=1e-7)
        assert ladder[name].draws_standard_error == pytest.approx(0, abs=1e-7)
        if min(n_q, n_p) > 2:
            assert ladder[name].standard_error == pytest.approx(ladder["taylor2"].standard_error, rel=1e-4, abs=1e-7)
    assert ladder["gaussian"].half_sample == pytest.approx(ladder.measured.bits_per_dim, abs=2 + 5 * shift**2)


@pytest.mark.parametrize(("q_scale", "shift"), [(0.5, 0.4), (2.0, -0.3), (0.02, 0.0)])
def test_both_are_the_closed_form_of_a_quartic(q_scale, shift):
    q, p = shift + q_scale * randn(30, 2, 3, seed=1), randn(40, 2, 3, seed=2) @ randn(3, 3, seed=3)
    ladder = curvature_ladder(Quartic(), q, p, at=torch.full((2, 3), 0.2), rungs=RUNGS, gaussian=MANY)
    expected = Quartic.expected(q) - Quartic.expected(p)
    for name, error in zip(("gaussian", "price"), draws_errors(ladder), strict=True):
        assert abs(ladder[name].nats - expected) < 3.5 * error
        assert error < 0.06 * abs(expected)
    assert abs(ladder["taylor2"].nats - expected) > 3.5 * max(draws_errors(ladder)), "the cases are not quadratic"


@pytest.mark.parametrize(
    ("model", "event"),
    [
        (CouplingFlow((2, 4)), (2, 4)),
        (Mixture(2 * randn(3, 4, seed=0)), (4,)),
        (random_image_flow((1, 4, 4), seed=1), (1, 4, 4)),
    ],
)
def test_both_agree_within_the_errors_of_their_draws(model, event):
    q, p = 0.5 + 0.3 * randn(60, *event, seed=1), 0.4 + 1.5 * randn(80, *event, seed=2)
    options = GaussianOptions(pairs=600, left_out_pairs=2, nodes=8, pairs_per_node=60)
    ladder = curvature_ladder(model, q, p, rungs=RUNGS, gaussian=options)
    errors = draws_errors(ladder)
    assert abs(ladder["gaussian"].nats - ladder["price"].nats) < 3.5 * math.hypot(*errors)
    assert abs(ladder["gaussian"].nats - ladder["taylor2"].nats) > 3.5 * errors[0], "log p is not quadratic"


def test_equal_sets_have_no_gap_and_no_error_of_draws():
    x = randn(30, 4, seed=0)
    ladder = curvature_ladder(CouplingFlow((4,)), x, x, rungs=RUNGS, gaussian=FEW)
    for name in ("gaussian", "price"):
        assert ladder[name].nats == 0
        assert ladder[name].draws_standard_error == 0


def test_random_numbers_shared_by_both_sets_make_the_error_of_draws_smaller():
    x = randn(200, 4, seed=0)
    model = CouplingFlow((4,))
    alike, apart = (curvature_ladder(model, q, x, rungs=["gaussian"], gaussian=FEW) for q in (0.9 * x, 0.9 * x.flip(0)))
    assert alike["gaussian"].draws_standard_error < 0.7 * apart["gaussian"].draws_standard_error


def test_the_value_from_half_of_the_samples_has_the_bias_of_half_as_many():
    q, p = randn(40, 3, seed=1), 0.5 * randn(60, 3, seed=2)
    rung = curvature_ladder(Quartic(), q, p, rungs=["gaussian"], gaussian=MANY)["gaussian"]
    halves = [(Quartic.expected(x[::2]) + Quartic.expected(x[1::2])) / 2 for x in (q, p)]
    expected = -(halves[0] - halves[1]) / (3 * math.log(2))
    assert rung.half_sample == pytest.approx(expected, abs=5 * rung.draws_standard_error)
    assert abs(rung.half_sample - rung.bits_per_dim) < rung.standard_error * 3


def test_the_ladder_says_that_there_are_fewer_samples_than_dimensions_and_gives_the_value_of_half():
    model = CouplingFlow((2, 4))
    few = curvature_ladder(model, randn(6, 2, 4, seed=1), randn(20, 2, 4, seed=2), rungs=["gaussian"], gaussian=FEW)
    assert "the covariance of 6 images has no variance in 3 of 8 directions" in str(few)
    assert f"gaussian: {few['gaussian'].half_sample:+.4f} bits/dim with the moments of half of the images" in str(few)
    many = curvature_ladder(model, randn(9, 2, 4, seed=1), randn(20, 2, 4, seed=2), rungs=["gaussian"], gaussian=FEW)
    assert "no variance" not in str(many)
    assert "gaussian: " in many._repr_html_()


def state(x, variance=None):
    model = random_image_flow(tuple(x.shape[1:])) if x.ndim == 4 else CouplingFlow(tuple(x.shape[1:]))
    options = GaussianOptions(floor_variance=variance)
    return prepare_rungs(expand(model, x[0]), x, ["gaussian"], gaussian=options).rungs[0][1]


def test_the_floor_is_dequantisations_variance_for_dequantised_images_and_zero_for_other_events():
    images = torch.rand(5, 1, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert state(images).floor_variance == DEQUANTIZATION_VARIANCE == pytest.approx((1 / 256) ** 2 / 12)
    assert state(images, 0.0).floor_variance == 0
    assert state(((256 * images).floor() + 0.5) / 256).floor_variance == 0, "pixels at the centres of their cells"
    assert state(3 * images).floor_variance == 0
    assert state(images.flatten(1)).floor_variance == 0
    assert state(images.flatten(1), 0.25).floor_variance == 0.25


@pytest.mark.parametrize("name", ["gaussian", "price"])
def test_the_floor_fills_directions_without_variance(name):
    """Three samples in six dimensions, a quadratic log p: the floor adds its variance times the curvature there."""
    S = random_spd(6, seed=5)
    q, p = randn(3, 6, seed=1), randn(40, 6, seed=2)
    options = GaussianOptions(pairs=2000, left_out_pairs=2, nodes=4, pairs_per_node=500, floor_variance=0.5)
    rung = curvature_ladder(Gaussian(torch.zeros(6).double(), S), q, p, rungs=["taylor2", name], gaussian=options)
    V = torch.linalg.svd(q - q.mean(0)).Vh[2:]
    expected = -0.5 * 0.5 * float(torch.einsum("ri,ij,rj->", V, torch.linalg.inv(S), V))
    assert rung[name].nats - rung["taylor2"].nats == pytest.approx(expected, rel=0.1)


def test_a_density_that_is_not_finite_under_the_gaussian_is_said():
    def log_prob(x):
        return torch.where((x > 3).any(1), math.inf, -x.square().sum(1))

    x = torch.cat([randn(40, 2, seed=0).clamp(-1, 1), torch.full((1, 2), 2.9).double()])
    with pytest.raises(NonFiniteError, match="draws from a Gaussian"):
        curvature_ladder(log_prob, 2.9 * torch.sign(x), x, rungs=["gaussian"])


def test_expected_log_p_of_a_constant_is_log_p_there():
    model, c = CouplingFlow((4,)), 0.3 * torch.ones(4).double()
    p = randn(30, 4, seed=0)
    ladder = curvature_ladder(model, c.expand(5, 4), p, rungs=RUNGS, gaussian=FEW)
    alone = curvature_ladder(model, 0 * c.expand(5, 4), p, rungs=RUNGS, gaussian=FEW)
    with torch.no_grad():
        expected = float(model.double().log_prob(c[None]) - model.log_prob(0 * c[None]))
    assert ladder["gaussian"].nats - alone["gaussian"].nats == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pairs": 1}, "gaussian.pairs: expected at least 2"),
        ({"nodes": 0}, "gaussian.nodes"),
        ({"pairs": 10, "left_out_pairs": 11}, "at most the 10 pairs"),
        ({"floor_variance": -1.0}, "floor_variance"),
        ({"floor_variance": math.nan}, "floor_variance"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        GaussianOptions(**options)


def test_moments_are_those_of_the_toolkit():
    """``1/2 Tr{H Sigma}`` of a quadratic log p with the empirical covariance, as `Moments` has it."""
    q, p = randn(12, 5, seed=1), randn(15, 5, seed=2)
    model = Gaussian(torch.zeros(5).double(), random_spd(5, seed=3))
    predicted = expand(model, p.mean(0)).predict(Moments.from_samples(q), Moments.from_samples(p))
    ladder = curvature_ladder(model, q, p, rungs=["gaussian"], gaussian=FEW)
    assert ladder["gaussian"].nats == pytest.approx(predicted.total, rel=1e-9)
