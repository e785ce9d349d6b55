"""The Hessian of an ensemble of flows from those of its members, against differentiation of log p itself."""

import math

import pytest
import torch
from torch import nn

from curvature import Moments, expand
from curvature.errors import RouteError
from curvature.hessian.routes import by_route
from tests.curvature.toy_flows import CouplingFlow


class FlowDensity(nn.Module):
    """A toy flow as a module with log_prob, flattened so that no member has all the density."""

    def __init__(self, flow):
        super().__init__()
        self.flow = flow

    def log_prob(self, x):
        return 0.1 * self.flow.log_prob(x)


class MeanDensity(nn.Module):
    """Three toy flows with equal weights; `described` are those that it names."""

    def __init__(self, described=3):
        super().__init__()
        flows = [CouplingFlow.random((4,), 5, torch.Generator().manual_seed(k), "silu", 1.1) for k in range(3)]
        self.flows = nn.ModuleList(FlowDensity(flow) for flow in flows)
        self.described = described

    def log_prob(self, x):
        return torch.stack([flow.log_prob(x) for flow in self.flows]).logsumexp(0) - math.log(3)

    def member_densities(self):
        return list(self.flows)[: self.described]


@pytest.fixture
def x():
    return 0.4 * torch.randn(9, 4, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


def test_forms_products_and_curvature_along_paths_are_those_of_log_p(x):
    e = expand(MeanDensity().eval(), at=x[0])
    operator = e.operator
    assert operator.route == "members (hvp)"
    assert operator.shares(x[:1]).min() > 0.01, "the test needs members that all count"
    H = by_route("hvp", operator).dense().matrix
    torch.testing.assert_close(e.hessian(), H)
    torch.testing.assert_close(operator.products(x), x @ H)
    torch.testing.assert_close(operator.forms(x).total, ((x @ H) * x).sum(1))
    d = x.flip(0)
    for event, direction, curvature, slope in zip(x, d, operator.along(x, d), operator.slope(x, d), strict=True):
        there = by_route("hvp", expand(MeanDensity().eval(), at=event).operator)
        assert float(curvature) == pytest.approx(float(there.forms(direction[None]).total), rel=1e-8)
        assert float(slope) == pytest.approx(float(direction @ there.point.gradient), rel=1e-8)
    torch.testing.assert_close(operator.log_prob(x), MeanDensity().log_prob(x).detach())


def test_traces_are_the_same_by_every_route(x):
    e = expand(MeanDensity().eval(), at=x.mean(0))
    p = Moments.from_samples(x)
    for method in ("exact", "members", "dense"):
        assert float(e.trace(p, method)) == pytest.approx(float(e.trace(p, "hvp")), rel=1e-9)


def test_members_of_another_density_are_told_and_differentiated(x):
    e = expand(MeanDensity(described=2).eval(), at=x[0])
    assert e.operator.route == "hvp"
    with pytest.raises(RouteError, match="log p of MeanDensity is not that of its members"):
        e.trace(Moments.from_samples(x), "members")
    with pytest.raises(RouteError, match="no method member_densities"):
        expand(FlowDensity(MeanDensity().flows[0].flow).eval(), at=x[0]).trace(Moments.from_samples(x), "members")
