"""Which models a route refuses, and why: the module in the way is named, and `exact` falls back."""

import pytest
import torch
from torch import nn

from curvature import expand
from curvature.errors import NonFiniteError, RouteError
from curvature.hessian.layered.flow import LayeredFlow
from tests.curvature.densities import CouplingFlow as UndescribedFlow
from tests.curvature.densities import Gaussian, random_spd
from tests.curvature.flows import moments_of, random_image_flow
from tests.curvature.toy_flows import CouplingFlow


class Tanhs(UndescribedFlow):
    """Its own activations, modules of a kind that no closed form is written for, or functions."""

    def __init__(self, activation):
        super().__init__((6,))
        self.activation = activation
        self.eval()


class Gate(nn.Module):
    def forward(self, h):
        return h * torch.sigmoid(h.sum(1, keepdim=True))


class Block(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, h):
        return h * self.inner(h)


class Linear(nn.Module):
    def forward(self, h):
        return 2 * h


@pytest.mark.parametrize("activation", [nn.SiLU(inplace=True), nn.Softsign(), nn.Hardswish(), nn.Hardtanh(), Linear()])
def test_tapped_takes_any_elementwise_module(activation):
    e, _ = assert_routes_agree_tapped(Tanhs(activation))
    assert e.trace(moments_of((6,), 3)).route == "tapped"


def assert_routes_agree_tapped(model):
    moments = moments_of((6,), 3)
    e = expand(model, at=moments.mean)
    assert float(e.trace(moments, "tapped")) == pytest.approx(float(e.trace(moments, "hvp")), rel=1e-9)
    return e, moments


@pytest.mark.parametrize(
    ("activation", "culprit"),
    [(Gate(), "Gate 'activation'"), (Block(nn.Tanh()), "Block 'activation'"), (nn.Softmax(1), "Softmax 'activation'")],
)
def test_tapped_names_the_module_in_the_way_and_exact_falls_back(activation, culprit):
    moments = moments_of((6,), 3)
    e = expand(Tanhs(activation), at=moments.mean)
    with pytest.raises(RouteError, match=culprit):
        e.trace(moments, "tapped")
    with pytest.raises(RouteError, match=culprit):
        e.attribution(moments)
    fallback = e.trace(moments)
    assert (fallback.route, fallback.gauss_newton) == ("hvp", None)
    assert fallback.value == pytest.approx(float(e.trace(moments, "dense")), rel=1e-9)


class NoModule(UndescribedFlow):
    """The activation is a function: no hook can find it."""

    def __init__(self):
        super().__init__((6,))
        del self.activation
        self.activation = torch.tanh
        self.eval()


class ScalePrior(UndescribedFlow):
    def log_prob(self, x):
        z, _ = self(x)
        return -z.abs().pow(3).sum(1)


class Latents(UndescribedFlow):
    def forward(self, x):
        return super().forward(x)[0]

    def log_prob(self, x):
        return -0.5 * self(x).square().sum(1)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (NoModule(), "tapped: NoModule"),
        (ScalePrior((6,)), "gradient of log p is not"),
        (Latents((6,)), r"must return \(z, log_det\)"),
        (Gaussian(torch.zeros(6, dtype=torch.float64), random_spd(6, seed=0)), "Gaussian cannot be tapped"),
        (lambda x: -x.square().sum(1), "not the method log_prob of a module"),
    ],
)
def test_models_that_cannot_be_tapped(model, words):
    moments = moments_of((6,), 3)
    e = expand(model, at=moments.mean)
    with pytest.raises(RouteError, match=words):
        e.trace(moments, "tapped")
    for route in ("adjoint", "jet"):
        with pytest.raises(RouteError, match="layers of the model"):
            e.trace(moments, route)
    assert e.trace(moments).route == "hvp"


class Mislabelled(CouplingFlow):
    """Describes another density than its own."""

    def curvature_layers(self):
        flow = super().curvature_layers()
        return LayeredFlow(flow.event_shape, flow.layers, 1.1 * flow.prior_scale, flow.log_det)


class Overridden(CouplingFlow):
    def log_prob(self, x):
        return super().log_prob(x) - 1e-3 * x.pow(4).sum(1)


class Refusing(CouplingFlow):
    def curvature_layers(self):
        raise RouteError("coupling: expected an additive coupling, got Affine")


@pytest.mark.parametrize(
    ("kind", "words"), [(Mislabelled, "differs"), (Overridden, "differs"), (Refusing, "got Affine")]
)
def test_descriptions_are_verified_not_believed(kind, words):
    model = kind.random((6,), 4, torch.Generator().manual_seed(0), "tanh").eval()
    moments = moments_of((6,), 3)
    e = expand(model, at=moments.mean)
    assert e.operator.route != "adjoint"
    with pytest.raises(RouteError, match=words):
        e.trace(moments, "adjoint")
    assert float(e.trace(moments)) == pytest.approx(float(e.trace(moments, "hvp")), rel=1e-9)


def test_a_description_that_fails_is_told_and_exact_falls_back():
    model = random_image_flow((1, 4, 4))
    model.levels[0][1].network[1] = Gate()
    moments = moments_of((1, 4, 4), 3)
    e = expand(model.eval(), at=moments.mean)
    with pytest.raises(RouteError, match=r"network\.1: got Gate"):
        e.trace(moments, "adjoint")
    assert e.trace(moments).route == "hvp"


class Kink(nn.Module):
    """A second derivative that is not finite at zero."""

    def forward(self, h):
        return h.abs().pow(1.5)


def test_a_hessian_that_is_not_finite_is_named():
    model = Tanhs(Kink())
    with torch.no_grad():
        for parameter in model.into:
            parameter.zero_()
    moments = moments_of((6,), 3)
    for route in ("exact", "hvp"):
        with pytest.raises(NonFiniteError, match="Hessian"):
            expand(model, at=moments.mean).trace(moments, route)
