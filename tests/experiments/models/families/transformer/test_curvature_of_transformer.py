"""Gradient, Hessian and their expansion for transformer flows, against finite differences and dense Hessians."""

import pytest
import torch

from curvature import Moments, expand
from tests.experiments.models.cases import images, seeded, transformer

ROUTE = "hvp (reverse-over-reverse, attention by its plain kernel)"


@pytest.fixture(params=["coupling-affine", "coupling-additive", "causal-affine", "causal-additive"])
def model(request):
    block, update = request.param.split("-")
    return transformer((1, 4, 4), block=block, update=update).eval()


def test_gradient_and_products_are_those_of_finite_differences(model):
    x0, v = images(model, 1)[0], torch.randn(1, 4, 4, generator=seeded(3), dtype=torch.float64)
    e, step = expand(model, at=x0), 1e-5
    above, below = expand(model, at=x0 + step * v), expand(model, at=x0 - step * v)
    slope = (above.value - below.value) / (2 * step)
    assert float((e.gradient * v).sum()) == pytest.approx(slope, rel=1e-6)
    torch.testing.assert_close(e.hvp(v), (above.gradient - below.gradient) / (2 * step), rtol=1e-5, atol=1e-5)
    assert e.operator.route == ROUTE


def test_the_hessian_is_that_of_automatic_differentiation_and_traces_rest_on_it(model):
    x = images(model, 7)
    p, q = Moments.from_samples(x), Moments.from_samples(0.5 * x)
    e = expand(model, at=p.mean)
    H = torch.func.hessian(lambda event: model.log_prob(event[None])[0])(p.mean).detach().reshape(16, 16)
    torch.testing.assert_close(e.hessian().reshape(16, 16), H)
    covariance = torch.cov(0.5 * x.flatten(1).mT, correction=0)
    for method in ("exact", "hvp", "dense"):
        assert float(e.trace(q, method)) == pytest.approx(float((H * covariance).sum()), rel=1e-6)
