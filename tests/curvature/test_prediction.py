import math

import pytest
import torch

from curvature import Moments, expand
from curvature.errors import ShapeError, UnknownNameError
from curvature.prediction import sampling_variance
from tests.curvature.densities import CouplingFlow, Gaussian, randn, random_spd


@pytest.fixture
def sets():
    return 0.3 + 0.5 * randn(40, 2, 3, seed=1), 1.2 * randn(60, 2, 3, seed=2)


def test_gaussian_gap_is_predicted_exactly_from_moments_about_any_point(sets):
    q, p = sets
    model = Gaussian(randn(2, 3, seed=3), random_spd(6, seed=4))
    measured = float(model.log_prob(q).mean() - model.log_prob(p).mean())
    for x0 in (torch.zeros(2, 3), p.mean(0), randn(2, 3, seed=5)):
        prediction = expand(model, x0).predict(Moments.from_samples(q), versus=Moments.from_samples(p))
        assert prediction.total == pytest.approx(measured, rel=1e-10)
        assert prediction.bits_per_dim == pytest.approx(-measured / (6 * math.log(2)), rel=1e-10)
    at_the_mean = expand(model, p.mean(0)).predict(Moments.from_samples(q), versus=Moments.from_samples(p))
    assert at_the_mean.mean_shift != 0


def test_terms_are_those_of_the_formula(sets):
    q, p = map(Moments.from_samples, sets)
    e = expand(CouplingFlow((2, 3)), at=randn(2, 3, seed=3))
    g, H, x0 = e.gradient.reshape(-1), expand(CouplingFlow((2, 3)), at=e.at).hessian(), e.at.reshape(-1)
    a, b = q.mean.reshape(-1) - x0, p.mean.reshape(-1) - x0
    for prediction in (e.predict(q, versus=p), e.predict(q, versus=p, method="dense"), e.predict(q, versus=p)):
        assert prediction.gradient == pytest.approx(float(g @ (a - b)))
        assert prediction.mean_shift == pytest.approx(float(a @ H @ a - b @ H @ b) / 2)
        covariance = float(torch.trace(H @ (q.covariance() - p.covariance()))) / 2
        assert prediction.covariance == pytest.approx(covariance)
        variance = sum(
            float((g + H @ d) @ m.covariance() @ (g + H @ d) + torch.trace(H @ m.covariance() @ H @ m.covariance()) / 2)
            / m.count
            for m, d in ((q, a), (p, b))
        )
        assert prediction.standard_error_nats == pytest.approx(math.sqrt(variance))
        assert prediction.standard_error == pytest.approx(math.sqrt(variance) / (6 * math.log(2)))


def test_swapping_the_sets_turns_the_sign(sets):
    q, p = map(Moments.from_samples, sets)
    e = expand(CouplingFlow((2, 3)), at=p.mean)
    there, back = e.predict(q, versus=p), e.predict(p, versus=q)
    assert there.total == pytest.approx(-back.total)
    assert there.standard_error == pytest.approx(back.standard_error)


def test_constants_have_no_sampling_error(sets):
    _, p = map(Moments.from_samples, sets)
    e = expand(CouplingFlow((2, 3)), at=p.mean)
    c = Moments.constant(torch.full((2, 3), 0.5))
    assert sampling_variance(e.operator, c, e.gradient) == 0
    assert e.predict(c, versus=c).standard_error == 0
    assert e.predict(c, versus=c).total == 0
    prediction = e.predict(c, versus=p)
    assert prediction.covariance == pytest.approx(-float(e.trace(p)) / 2)


def test_prediction_reads_well(sets):
    q, p = map(Moments.from_samples, sets)
    e = expand(CouplingFlow((2, 3)), at=p.mean)
    assert "+-" in str(e.predict(q, versus=p))
    quick = e.predict(q, versus=p, sampling_error=False)
    assert quick.standard_error is None
    assert quick.standard_error is None
    assert "+-" not in str(quick)
    assert f"{quick.bits_per_dim:+.4f} bits/dim" in str(quick)


def test_bad_predictions(sets):
    q, p = map(Moments.from_samples, sets)
    e = expand(CouplingFlow((2, 3)), at=p.mean)
    with pytest.raises(ShapeError, match="versus"):
        e.predict(q, versus=Moments.constant(torch.zeros(6)))
    with pytest.raises(ShapeError, match="q: event shape"):
        e.predict(Moments.constant(torch.zeros(6)), versus=p)
    with pytest.raises(UnknownNameError):
        e.predict(q, versus=p, method="denes")


def test_standard_error_is_the_spread_over_repeated_gaussian_data():
    """400 repeats give the spread to 1/sqrt(800) = 3.5 %; the formula itself errs by O(1/sqrt(N D)) a repeat."""
    D, N, M, repeats = 4, 60, 90, 400
    e = expand(CouplingFlow((D,)), at=0.2 * torch.ones(D)).dense()
    A, B = torch.linalg.cholesky(random_spd(D, seed=1)), 0.7 * torch.linalg.cholesky(random_spd(D, seed=2))
    totals, errors = [], []
    for i in range(repeats):
        q = Moments.from_samples(0.5 + randn(N, D, seed=2 * i) @ A.T)
        p = Moments.from_samples(randn(M, D, seed=2 * i + 1) @ B.T)
        prediction = e.predict(q, versus=p)
        totals.append(prediction.total)
        errors.append(prediction.standard_error_nats)
    spread = float(torch.tensor(totals).std())
    assert sum(errors) / repeats == pytest.approx(spread, rel=4 * 0.035)
    truth = sum(totals) / repeats
    covered = sum(abs(t - truth) < 1.96 * s for t, s in zip(totals, errors, strict=True)) / repeats
    assert covered == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / repeats))
