import math

import pytest
import torch
from scipy.stats import binom
from scipy.stats import t as student

from curvature import Moments, expand
from curvature.errors import OptionError, UnknownNameError
from curvature.traces.deflated import deflated
from curvature.traces.hutchinson import hutchinson
from curvature.traces.probes import eigenbasis_factor, random_forms
from tests.curvature.densities import CouplingFlow, Gaussian, randn, random_spd

DIM, REPEATS = 24, 400


def rotated(dim=DIM, seed=5):
    return torch.linalg.qr(randn(dim, dim, seed=seed)).Q


@pytest.fixture(scope="module")
def problem():
    """Curvature and covariance with falling spectra in bases turned against each other, and the exact trace."""
    Q = rotated()
    model = Gaussian(torch.zeros(DIM), random_spd(DIM, seed=1))
    factor = Q * (0.7 ** torch.arange(DIM)) @ rotated(seed=6)
    moments = Moments(torch.zeros(DIM, dtype=torch.float64), factor, 100)
    e = expand(model, at=moments.mean).dense()
    exact = float(torch.einsum("ij,ij->", model.hessian(), moments.covariance()))
    return e, moments, exact


def estimates(problem, method, m, repeats=REPEATS, **options):
    e, moments, _ = problem
    generator = torch.Generator().manual_seed(7)
    return [method(e.operator, moments, m, generator, **options) for _ in range(repeats)]


@pytest.mark.parametrize("probe", ["rademacher", "gaussian"])
@pytest.mark.parametrize(("method", "m", "freedom"), [(hutchinson, 12, 11), (deflated, 16, 7)])
def test_standard_errors_cover_as_often_as_students_t_says(problem, method, m, freedom, probe):
    exact = problem[2]
    traces = estimates(problem, method, m, probe=probe)
    covered = sum(abs(t.value - exact) < 2 * t.standard_error_nats for t in traces)
    nominal = 1 - 2 * student.sf(2, freedom)
    low, high = binom.interval(0.999, REPEATS, nominal)
    assert low - 0.02 * REPEATS <= covered <= high + 0.02 * REPEATS


@pytest.mark.parametrize("probe", ["rademacher", "gaussian"])
@pytest.mark.parametrize("method", [hutchinson, deflated])
def test_estimates_are_unbiased(problem, method, probe):
    values = torch.tensor([t.value for t in estimates(problem, method, 6, probe=probe)])
    assert abs(values.mean() - problem[2]) < 4 * values.std() / math.sqrt(REPEATS)


def test_one_form_has_the_variance_of_the_formula(problem):
    e, moments, _ = problem
    F = eigenbasis_factor(e.operator, moments)
    A = F.T @ e.hessian() @ F
    for probe, variance in (
        ("rademacher", 2 * (A.square().sum() - A.diagonal().square().sum())),
        ("gaussian", 2 * A.square().sum()),
    ):
        forms = random_forms(e.operator, F, 40_000, torch.Generator().manual_seed(0), probe)
        assert float(forms.var()) == pytest.approx(float(variance), rel=0.06)


def test_deflation_beats_plain_hutchinson_on_a_falling_spectrum(problem):
    def rmse(method):
        errors = torch.tensor([t.value for t in estimates(problem, method, 12, 100)]) - problem[2]
        return float(errors.square().mean().sqrt())

    assert rmse(deflated) < rmse(hutchinson) / 3


@pytest.mark.parametrize("m", [DIM, DIM + 5])
def test_a_budget_of_the_rank_is_exact(problem, m):
    e, moments, exact = problem
    trace = e.trace(moments, method="deflated", num_matvecs=m, generator=0)
    assert trace.value == pytest.approx(exact, rel=1e-12)
    assert (trace.standard_error_nats, trace.num_matvecs, trace.route) == (0.0, DIM, "deflated")


def test_rademacher_probes_are_exact_where_both_matrices_share_their_eigenvectors():
    Sigma = random_spd(5, seed=2)
    e = expand(Gaussian(torch.zeros(5), Sigma), at=torch.zeros(5, dtype=torch.float64))
    moments = Moments(e.at, torch.linalg.cholesky(Sigma), 10)
    trace = e.trace(moments, method="hutchinson", num_matvecs=2, generator=0)
    assert trace.value == pytest.approx(-5)
    assert trace.standard_error_nats == pytest.approx(0, abs=1e-12)


def test_the_factor_is_turned_into_the_eigenbasis_and_loses_its_zero_columns():
    e = expand(CouplingFlow((2, 3)), at=randn(2, 3, seed=0))
    F = randn(6, 3, seed=1) @ randn(3, 9, seed=2)
    turned = eigenbasis_factor(e.operator, Moments(randn(2, 3, seed=3), F, 9))
    assert turned.shape == (6, 3)
    torch.testing.assert_close(turned @ turned.T, F @ F.T)
    gram = turned.T @ turned
    torch.testing.assert_close(gram, torch.diag(gram.diagonal()), atol=1e-10, rtol=0)
    assert (gram.diagonal().diff() < 0).all()


def test_orthogonal_columns_in_any_order_are_only_sorted():
    e = expand(CouplingFlow((3,)), at=randn(3, seed=0))
    F = torch.diag(torch.tensor([1.0, 3.0, 2.0], dtype=torch.float64))
    torch.testing.assert_close(eigenbasis_factor(e.operator, Moments(e.at, F, 9)), F[:, [1, 2, 0]])


@pytest.mark.parametrize("method", ["hutchinson", "deflated"])
def test_the_same_generator_gives_the_same_estimate_of_a_flow(method):
    moments = Moments.from_samples(randn(30, 2, 4, seed=1))
    e = expand(CouplingFlow((2, 4)), at=moments.mean)
    first, again, other = (
        e.trace(moments, method=method, num_matvecs=6, generator=torch.Generator().manual_seed(s)) for s in (3, 3, 4)
    )
    assert first == again == e.trace(moments, method=method, num_matvecs=6, generator=3)
    assert first.value != other.value
    assert first.standard_error_nats > 0
    assert (first.route, first.num_matvecs, first.gauss_newton) == (method, 6, None)
    assert abs(float(first) - float(e.trace(moments))) < 6 * first.standard_error_nats


@pytest.mark.parametrize("method", ["hutchinson", "deflated"])
def test_a_constant_has_trace_zero(method):
    e = expand(CouplingFlow((4,)), at=torch.zeros(4))
    trace = e.trace(Moments.constant(torch.zeros(4)), method=method, num_matvecs=4, generator=0)
    assert (trace.value, trace.standard_error_nats) == (0, 0)


@pytest.mark.parametrize(
    ("method", "num_matvecs"),
    [("hutchinson", 1), ("deflated", 2), ("hutchinson", None), ("deflated", None), ("hutchinson", True)],
)
def test_too_small_a_budget_is_an_error(problem, method, num_matvecs):
    e, moments, _ = problem
    with pytest.raises(OptionError, match=f"num_matvecs: {method} needs"):
        e.trace(moments, method=method, num_matvecs=num_matvecs, generator=0)


def test_bad_options(problem):
    e, moments, _ = problem
    for generator in (None, 1.5, True):
        with pytest.raises(OptionError, match="generator: hutchinson needs"):
            e.trace(moments, method="hutchinson", num_matvecs=4, generator=generator)
    with pytest.raises(UnknownNameError, match="probe 'uniform'"):
        hutchinson(e.operator, moments, 4, 0, probe="uniform")
    for options in ({"num_matvecs": 4}, {"generator": 0}):
        with pytest.raises(OptionError):
            e.trace(moments, **options)
