import math

import pytest
import torch

from curvature import Moments, expand
from curvature.errors import (
    DtypeError,
    NonFiniteError,
    OptionError,
    ShapeError,
    UnknownNameError,
)
from tests.curvature.densities import CouplingFlow, Gaussian, Mixture, difference_gradient, randn, random_spd

EVENTS = [(), (4,), (2, 3), (1, 2, 3)]


def gaussian(event):
    dim = math.prod(event)
    return Gaussian(randn(*event, seed=1), random_spd(dim, seed=2))


@pytest.mark.parametrize("event", EVENTS)
def test_gaussian_expansion_in_closed_form(event):
    model = gaussian(event)
    x0 = randn(*event, seed=3)
    e = expand(model.log_prob, at=x0)
    H, dim = model.hessian(), math.prod(event)
    assert e.value == pytest.approx(float(model.log_prob(x0[None])))
    torch.testing.assert_close(e.gradient, (H @ (x0 - model.mean).reshape(-1)).reshape(event))
    V = randn(5, *event, seed=4)
    HV = (V.reshape(5, dim) @ H).reshape(V.shape)
    torch.testing.assert_close(e.hvp(V), HV)
    torch.testing.assert_close(e.hvp(V[0]), HV[0])
    torch.testing.assert_close(e.quadratic(V), (V * HV).reshape(5, dim).sum(1))
    torch.testing.assert_close(e.quadratic(V[0]), (V[0] * HV[0]).sum())
    torch.testing.assert_close(e.diagonal(), H.diagonal().reshape(event))
    torch.testing.assert_close(e.hessian(), H)
    written_out = e.dense()
    assert (e.operator.route, written_out.operator.route) == ("hvp", "dense")
    torch.testing.assert_close(written_out.diagonal(), H.diagonal().reshape(event))
    torch.testing.assert_close(written_out.hvp(V), HV)
    torch.testing.assert_close(written_out.quadratic(V), (V * HV).reshape(5, dim).sum(1))
    assert e.hvp(V[:0]).shape == (0, *event)
    assert e.quadratic(V[:0]).shape == (0,)


@pytest.mark.parametrize("event", [(3,), (2, 2)])
def test_mixture_has_the_gradient_and_hessian_of_the_formula(event):
    u = 1.5 * randn(*event, seed=0)
    model = Mixture(torch.stack([u, -u, torch.full(event, 4.0)]))
    x0 = 0.1 * randn(*event, seed=1)
    e = expand(model, at=x0)
    torch.testing.assert_close(e.gradient, model.gradient(x0), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(e.hessian(), model.hessian(x0), rtol=1e-12, atol=1e-12)
    assert torch.linalg.eigvalsh(e.hessian())[-1] > 0, "the test means to see positive curvature too"


@pytest.mark.parametrize("event", [(6,), (1, 2, 4)])
def test_flow_derivatives_agree_with_central_differences(event):
    model = CouplingFlow(event).double()
    x0 = randn(*event, seed=1)
    e = expand(model.log_prob, at=x0)

    def log_p(x):
        with torch.no_grad():
            return model.log_prob(x[None])[0]

    torch.testing.assert_close(e.gradient, difference_gradient(log_p, x0), rtol=1e-6, atol=1e-6)
    h, dim = 1e-5, math.prod(event)
    steps = h * torch.eye(dim, dtype=x0.dtype).reshape(dim, *event)
    gradients = torch.stack(
        [(expand(model, x0 + s).gradient - expand(model, x0 - s).gradient) / (2 * h) for s in steps]
    )
    torch.testing.assert_close(e.hessian(), gradients.reshape(dim, dim), rtol=1e-6, atol=1e-6)
    v = randn(*event, seed=2)
    difference = (expand(model, x0 + h * v).gradient - expand(model, x0 - h * v).gradient) / (2 * h)
    torch.testing.assert_close(e.hvp(v), difference, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("rank", [3, 30])
def test_trace_routes_agree_and_say_which_they_are(rank):
    model = CouplingFlow((2, 4))
    moments = Moments.from_samples(randn(rank, 2, 4, seed=1))
    e = expand(model, at=moments.mean)
    first = e.trace(moments)
    by_hvp, dense, cached = e.trace(moments, "hvp"), e.trace(moments, "dense"), e.dense().trace(moments)
    reference = torch.einsum("ij,ij->", e.hessian(), moments.covariance())
    for t in (first, by_hvp, dense, cached):
        assert float(t) == pytest.approx(float(reference), rel=1e-12)
        assert t.standard_error_nats == 0
    assert first.gauss_newton is not None
    assert by_hvp.gauss_newton is dense.gauss_newton is None
    assert (first.route, first.num_matvecs) == ("tapped", moments.rank)
    assert (by_hvp.route, dense.route, cached.route) == ("hvp", "dense", "dense")
    assert (dense.num_matvecs, cached.num_matvecs) == (8, 0)


def test_trace_prefers_the_hessian_to_a_factor_wider_than_it():
    model = CouplingFlow((4,))
    wide = Moments(torch.zeros(4, dtype=torch.float64), randn(4, 9, seed=0), count=9)
    t = expand(model, at=wide.mean).trace(wide)
    assert (t.route, t.num_matvecs) == ("dense", 4)
    assert float(t) == pytest.approx(float(expand(model, at=wide.mean).trace(wide, "hvp")), rel=1e-12)
    assert float(expand(model, at=wide.mean).trace(Moments.constant(wide.mean))) == 0


def test_a_hessian_that_is_not_finite_is_named():
    e = expand(lambda x: -(x.abs() ** 1.5).sum(1), at=torch.tensor([0.0, 1.0]))
    for ask in (e.hessian, e.diagonal, lambda: e.hvp(torch.ones(2)), lambda: e.quadratic(torch.ones(2))):
        with pytest.raises(NonFiniteError, match="Hessian"):
            ask()


def test_bad_arguments():
    model = CouplingFlow((4,))
    with pytest.raises(DtypeError, match="dequantise"):
        expand(model, at=torch.zeros(4, dtype=torch.uint8))
    with pytest.raises(NonFiniteError, match="expansion point"):
        expand(model, at=torch.full((4,), math.nan))
    for budget in (0, -1, math.nan):
        with pytest.raises(OptionError, match="memory_budget"):
            expand(model, at=torch.zeros(4), memory_budget=budget)
    e = expand(model, at=torch.zeros(4))
    for bad in (torch.zeros(3), torch.zeros(2, 3), torch.zeros(2, 2, 4), torch.tensor(1.0)):
        with pytest.raises(ShapeError, match="v: expected shape"):
            e.hvp(bad)
    with pytest.raises(ShapeError, match="moments"):
        e.trace(Moments.constant(torch.zeros(3)))
    with pytest.raises(UnknownNameError, match="did you mean 'exact'"):
        e.trace(Moments.constant(torch.zeros(4)), "exakt")
    with pytest.raises(UnknownNameError, match="known are: exact, dense, jet, members, adjoint, tapped, mixture, hvp"):
        e.trace(Moments.constant(torch.zeros(4)), "")
