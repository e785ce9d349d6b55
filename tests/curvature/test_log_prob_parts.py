"""Parts of log p: they add up to the whole in every number that is linear in it, and each is right by itself."""

import functools
import math

import pytest
import torch
from torch import Tensor, nn

from curvature import Ladder, Moments, expand
from curvature.errors import NonFiniteError, OptionError, RouteError, ShapeError
from curvature.ladder.evaluation import evaluate_rungs, prepare_rungs
from tests.curvature.densities import CouplingFlow, Gaussian, randn, random_spd

LINEAR_RUNGS = ("diagonal", "full", "gradient", "mean-shift", "taylor2", "mean-curvature", "path-1", "path-2", "path-3")


class SplitFlow(CouplingFlow):
    """A flow that knows its prior term and its volume term; constant volume."""

    def log_prob_parts(self, x: Tensor) -> dict[str, Tensor]:
        z, log_det = self(x)
        return {"prior": -0.5 * z.square().sum(1) - 0.5 * z.shape[1] * math.log(2 * math.pi), "log_det": log_det}


class AffineFlow(SplitFlow):
    """The same with a bounded scale in every coupling, so that the volume depends on x."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z, log_det = x.flatten(1), x.new_zeros(len(x))
        half = z.shape[1] // 2
        for Q, A, B in zip(self.mixings, self.into, self.out, strict=True):
            z = z @ Q.T
            a, b = z[:, :half], z[:, half:]
            h = self.activation(2 * a @ A.T) @ B.T
            s = torch.tanh(h.flip(1))
            z, log_det = torch.cat([a, b * s.exp() + h], 1), log_det + s.sum(1)
        return z, log_det


class Cubic(nn.Module):
    """``z = x + x^3 / 3`` entry by entry: every part has its gradient and its Hessian in closed form."""

    def log_prob_parts(self, x: Tensor) -> dict[str, Tensor]:
        z = (x + x**3 / 3).flatten(1)
        prior = -0.5 * z.square().sum(1) - 0.5 * z.shape[1] * math.log(2 * math.pi)
        return {"prior": prior, "log_det": (1 + x.square()).log().flatten(1).sum(1)}

    def log_prob(self, x: Tensor) -> Tensor:
        return sum(self.log_prob_parts(x).values())


class SplitGaussian(Gaussian):
    """N(mean, Sigma) as a standard normal of whitened events and a constant."""

    def log_prob_parts(self, x: Tensor) -> dict[str, Tensor]:
        D = self.mean.numel()
        log_det = self.constant + 0.5 * D * math.log(2 * math.pi)
        return {"prior": self.log_prob(x) - log_det, "log_det": log_det.expand(len(x))}


@pytest.fixture(params=[AffineFlow, SplitFlow], ids=["affine", "additive"])
def e(request):
    return expand(request.param((1, 2, 3), seed=4), at=0.3 * randn(1, 2, 3, seed=5))


@pytest.fixture
def sets():
    q = 0.8 * randn(9, 1, 2, 3, seed=6) + 0.2
    p = randn(11, 1, 2, 3, seed=7)
    return q, p


def close(total, whole):
    torch.testing.assert_close(torch.as_tensor(total), torch.as_tensor(whole), rtol=1e-12, atol=1e-12)


def test_value_gradient_and_hessian_add_up(e):
    parts = e.parts.values()
    assert list(e.parts) == ["prior", "log_det"]
    close(sum(part.value for part in parts), e.value)
    close(sum(part.gradient for part in parts), e.gradient)
    close(sum(part.hessian() for part in parts), e.hessian())
    close(sum(part.diagonal() for part in parts), e.diagonal())
    v = randn(3, 1, 2, 3, seed=8)
    close(sum(part.hvp(v) for part in parts), e.hvp(v))
    close(sum(part.quadratic(v) for part in parts), e.quadratic(v))


def test_traces_and_predictions_add_up(e, sets):
    q, p = map(Moments.from_samples, sets)
    whole, parts = e.predict(q, p), [part.predict(q, p) for part in e.parts.values()]
    for term in ("gradient", "mean_shift", "covariance", "total", "bits_per_dim"):
        close(sum(getattr(part, term) for part in parts), getattr(whole, term))
    for method in ("exact", "hvp", "dense"):
        close(sum(float(part.trace(q, method)) for part in e.parts.values()), float(e.trace(q, method)))
    close(sum(float(part.trace(q, versus=p)) for part in e.parts.values()), float(e.trace(q, versus=p)))


def test_every_rung_of_fixed_nodes_adds_up_and_the_measured_gap_too(e, sets):
    q, p = sets

    def ladder(expansion):
        prepared = prepare_rungs(expansion, p, LINEAR_RUNGS, mean_curvature_points=3)
        return Ladder.between(evaluate_rungs(prepared, q), evaluate_rungs(prepared, p))

    whole, parts = ladder(e), [ladder(part) for part in e.parts.values()]
    for name in (*LINEAR_RUNGS, "measured"):
        close(sum(part[name].nats for part in parts), whole[name].nats)


def test_the_adaptive_rung_explains_each_part(e, sets):
    q, p = sets
    for part in e.parts.values():
        prepared = prepare_rungs(part, p, ["path"])
        ladder = Ladder.between(evaluate_rungs(prepared, q), evaluate_rungs(prepared, p))
        assert ladder["path"].converged
        assert ladder["path"].bits_per_dim == pytest.approx(ladder["measured"].bits_per_dim, rel=0.02, abs=0.01)


def test_a_constant_volume_term_has_neither_gradient_nor_hessian(sets):
    volume = expand(SplitFlow((1, 2, 3)), at=randn(1, 2, 3, seed=5)).parts["log_det"]
    assert not volume.gradient.any()
    assert not volume.hessian().any()
    q, p = map(Moments.from_samples, sets)
    prediction = volume.predict(q, p)
    assert (prediction.total, prediction.standard_error) == (0, 0)
    prepared = prepare_rungs(volume, sets[1])
    ladder = Ladder.between(evaluate_rungs(prepared, sets[0]), evaluate_rungs(prepared, sets[1]))
    assert all(rung.nats == 0 for rung in ladder.rungs)
    assert set(prepared.absent) == {"published"}


def test_parts_of_a_cubic_flow_in_closed_form():
    x = randn(2, 2, seed=9)
    e = expand(Cubic().eval(), at=x)
    z, slope = x + x**3 / 3, 1 + x**2
    prior, volume = e.parts["prior"], e.parts["log_det"]
    torch.testing.assert_close(prior.gradient, -z * slope)
    torch.testing.assert_close(volume.gradient, 2 * x / slope)
    torch.testing.assert_close(prior.hessian(), torch.diag((-(slope**2) - z * 2 * x).flatten()))
    torch.testing.assert_close(volume.hessian(), torch.diag((2 * (1 - x**2) / slope**2).flatten()))


def test_parts_of_a_gaussian_in_closed_form():
    model = SplitGaussian(randn(4, seed=1), random_spd(4, seed=2))
    moments = Moments.from_samples(randn(50, 4, seed=3))
    prior, volume = expand(model, at=moments.mean).parts.values()
    torch.testing.assert_close(prior.hessian(), -model.precision)
    assert float(prior.trace(moments)) == pytest.approx(float(-(model.precision @ moments.covariance()).trace()))
    assert float(volume.trace(moments)) == 0
    assert volume.value == pytest.approx(float(0.5 * torch.logdet(model.precision)))


def test_a_part_says_what_it_is_and_has_no_parts(e):
    part = e.parts["log_det"]
    assert (e.part, part.part) == ("", "log_det")
    assert repr(part).startswith("Expansion(event_shape=(1, 2, 3), part 'log_det' of log p(x0)=")
    assert part.parts == {}
    assert e.parts is e.parts
    moved = part.about(part.at + 0.1)
    assert moved.part == "log_det"
    torch.testing.assert_close(moved.gradient, e.about(e.at + 0.1).parts["log_det"].gradient, rtol=1e-12, atol=1e-12)
    assert part.operator.route == "hvp"
    with pytest.raises(RouteError, match="the part 'log_det' of log p is no log density of its own"):
        part.attribution(Moments.from_samples(randn(3, 1, 2, 3, seed=1)))
    with pytest.raises(ShapeError, match=r"expected shape \(1, 2, 3\), got \(3,\)"):
        part.about(torch.zeros(3))


def test_a_model_without_the_method_has_no_parts():
    model = SplitFlow((4,))
    assert expand(CouplingFlow((4,)), at=randn(4, seed=1)).parts == {}
    assert expand(lambda x: -x.square().sum(1), at=randn(4, seed=1)).parts == {}
    assert expand(functools.partial(model.double().log_prob), at=randn(4, seed=1)).parts == {}


class Reversed(AffineFlow):
    """An operation without forward derivative, so that torch differentiates twice in reverse."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return super().forward(_NoForward.apply(x))


class _NoForward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient


@pytest.mark.parametrize("volume", ["depends on x", "is constant"])
def test_parts_are_differentiated_as_the_whole_is(volume):
    class Model(Reversed):
        def log_prob_parts(self, x):
            parts = super().log_prob_parts(x)
            constant = x.new_zeros(len(x))
            return parts if volume == "depends on x" else {"all": sum(parts.values()), "log_det": constant}

    e = expand(Model((4,)), at=randn(4, seed=1))
    assert "reverse-over-reverse" in e.operator.route
    close(sum(part.hessian() for part in e.parts.values()), e.hessian())
    close(sum(part.gradient for part in e.parts.values()), e.gradient)
    assert bool(e.parts["log_det"].hessian().any()) == (volume == "depends on x")


@pytest.mark.parametrize(
    ("parts", "error", "words"),
    [
        (lambda x: {"prior": -x.square().sum(1)}, OptionError, "the parts prior of Wrong add up to"),
        (lambda x: [x.sum(1)], OptionError, "expected a mapping of names to tensors .* from Wrong, got list"),
        (lambda x: {"": x.sum(1)}, OptionError, "expected a mapping of names"),
        (lambda x: {"prior": x}, ShapeError, "expected one number a sample"),
        (lambda x: {"prior": x.sum(1) / 0}, NonFiniteError, "the part 'prior' of log p at the expansion point"),
    ],
)
def test_parts_that_are_none_are_refused(parts, error, words):
    class Wrong(nn.Module):
        def log_prob(self, x):
            return -0.5 * x.square().sum(1)

        def log_prob_parts(self, x):
            return parts(x)

    e = expand(Wrong().eval(), at=randn(4, seed=1))
    with pytest.raises(error, match=words):
        e.parts  # noqa: B018
