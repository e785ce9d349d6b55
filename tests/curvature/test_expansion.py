import functools
import math

import pytest
import torch
from torch import nn

from curvature import Moments, expand
from curvature.errors import (
    DtypeError,
    NonFiniteError,
    OptionError,
    ShapeError,
    TrainingModeError,
    UninitialisedError,
    UnknownNameError,
)
from curvature.memory import MAX_COLUMNS, saved_bytes
from curvature.precision import LogDensity
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


def test_any_memory_budget_gives_the_same_numbers():
    model = CouplingFlow((2, 6))
    moments = Moments.from_samples(randn(70, 2, 6, seed=0))
    small, large = (expand(model, moments.mean, memory_budget=b) for b in (1, 1e9))
    assert (small.operator.point.chunk, large.operator.point.chunk) == (1, MAX_COLUMNS)
    middle = expand(model, moments.mean, memory_budget=30_000)
    assert 1 < middle.operator.point.chunk < MAX_COLUMNS
    V = randn(70, 2, 6, seed=1)
    for e in (small, middle):
        torch.testing.assert_close(e.hvp(V), large.hvp(V), rtol=1e-12, atol=1e-13)
        torch.testing.assert_close(e.quadratic(V), large.quadratic(V), rtol=1e-12, atol=1e-13)
        torch.testing.assert_close(e.diagonal(), large.diagonal(), rtol=1e-12, atol=1e-13)
        assert float(e.trace(moments, "hvp")) == pytest.approx(float(large.trace(moments, "hvp")), rel=1e-12)
        torch.testing.assert_close(e.hessian(), large.hessian(), rtol=1e-12, atol=1e-13)


def test_saved_bytes_grow_with_the_batch_by_one_samples_share():
    density = LogDensity.of(CouplingFlow((2, 6)))
    one, two, three = (saved_bytes(density, randn(n, 2, 6, seed=0)) for n in (1, 2, 3))
    assert 0 < two - one == three - two


def test_the_model_stays_as_it_is_and_is_seen_in_double_precision():
    model = CouplingFlow((4,))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    e = expand(model.log_prob, at=torch.zeros(4))
    assert e.at.dtype == e.gradient.dtype == e.hessian().dtype == torch.float64
    assert not e.gradient.requires_grad
    assert not e.hessian().requires_grad
    for k, v in model.state_dict().items():
        assert v.dtype == torch.float32
        torch.testing.assert_close(v, before[k], rtol=0, atol=0)
    assert all(parameter.requires_grad for parameter in model.parameters())
    with torch.no_grad():
        model.mixings[0].zero_()
    assert e.log_prob(torch.zeros(1, 4, dtype=torch.float64)).item() == pytest.approx(e.value)


def test_every_way_to_name_a_density_is_the_same():
    class Conditional(CouplingFlow):
        def log_prob_given(self, context, x, shift=0.0):
            return self.log_prob(x - context - shift)

    model = Conditional((4,))
    context, x0 = torch.ones(4), torch.full((4,), 1.5)
    double = Conditional((4,)).double()
    expected = expand(model, at=x0 - context)
    for log_prob in (
        functools.partial(model.log_prob_given, context),
        functools.partial(functools.partial(model.log_prob_given, shift=context), torch.zeros(4)),
        lambda x: double.log_prob(x - 1),
    ):
        e = expand(log_prob, at=x0.numpy())
        torch.testing.assert_close(e.gradient, expected.gradient)
        torch.testing.assert_close(e.hessian(), expected.hessian())
        assert not e.gradient.requires_grad
    assert expand(functools.partial(model), at=x0).value == expand(model, at=x0).value
    assert "Expansion(event_shape=(4,)" in repr(expected)


def test_single_precision_when_asked():
    e = expand(CouplingFlow((4,)), at=torch.zeros(4), dtype=torch.float32)
    assert e.hessian().dtype == torch.float32
    assert expand(CouplingFlow((4,)).log_prob, at=torch.zeros(4)).value == pytest.approx(e.value, rel=1e-5)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("initialised", torch.tensor(False))


def test_models_that_are_not_ready():
    x0 = torch.zeros(4)
    model = CouplingFlow((4,))
    model.activation.train()
    with pytest.raises(TrainingModeError, match="activation"):
        expand(model.log_prob, at=x0)
    with pytest.raises(TrainingModeError, match="CouplingFlow is in training mode"):
        expand(model.train(), at=x0)
    model.layer = Layer()
    with pytest.raises(UninitialisedError, match="layer"):
        expand(model.eval(), at=x0)
    model.layer.initialised.fill_(True)
    assert math.isfinite(expand(model, at=x0).value)


def broken(x):
    raise RuntimeError("the sea is calm")


@pytest.mark.parametrize(
    ("log_prob", "error", "words"),
    [
        (3.0, DtypeError, "got float"),
        (nn.Linear(4, 1).eval(), OptionError, "no method log_prob"),
        (lambda x: x.float().sum(1), DtypeError, r"model.double\(\)"),
        (lambda x: nn.functional.linear(x, torch.ones(1, 4)).sum(1), DtypeError, "failed on float64"),
        (lambda x: x.sum(), ShapeError, "one number a sample"),
        (lambda x: x, ShapeError, r"shape \(1,\), got shape \(1, 4\)"),
        (lambda x: (x.sum(1), 0), ShapeError, "got tuple"),
        (lambda x: x.detach().sum(1), OptionError, "no gradient"),
        (lambda x: x.sum(1) / 0, NonFiniteError, "log p at the expansion point"),
        (lambda x: (x - 1).abs().sqrt().sum(1), NonFiniteError, "gradient"),
        (broken, OptionError, "fails on a batch of shape .*RuntimeError: the sea is calm"),
    ],
)
def test_bad_densities(log_prob, error, words):
    with pytest.raises(error, match=words):
        expand(log_prob, at=torch.ones(4))


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
    with pytest.raises(UnknownNameError, match=r"known are: exact, dense, jet, adjoint, tapped, hvp, "):
        e.trace(Moments.constant(torch.zeros(4)), "")
