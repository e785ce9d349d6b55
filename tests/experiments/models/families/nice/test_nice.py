"""What is particular to NICE: its partition, its scale, its priors and the fast route of its curvature."""

import math

import pytest
import torch

from curvature import Moments, check_flow, expand
from curvature.checks import Status
from curvature.errors import NonFiniteError, ShapeError, UnknownNameError
from experiments.models.actnorm import MINIMUM_STD
from experiments.models.families.nice.config import NICEConfig, describe
from experiments.models.families.nice.flow import NICE
from tests.experiments.models.cases import images, nice, seeded


@pytest.mark.parametrize("shape", [(1, 1, 2), (1, 3, 3), (3, 2, 2)])
def test_even_pixels_change_odd_ones_and_then_the_other_way_round(shape):
    model = nice(shape, couplings=1)
    x = images(model, 1)[0]
    jacobian = torch.func.jacrev(lambda event: model._coupled(event[None])[0])(x).reshape(model.dim, model.dim)
    even, odd = torch.arange(0, model.dim, 2), torch.arange(1, model.dim, 2)
    torch.testing.assert_close(jacobian[: len(even)], torch.eye(model.dim, dtype=torch.float64)[even])
    assert (jacobian[len(even) :][:, even] != 0).all()
    torch.testing.assert_close(jacobian[len(even) :][:, odd], torch.eye(len(odd), dtype=torch.float64))
    assert (nice(shape, couplings=2)(images(model, 2))[0].isfinite()).all()


def test_the_log_determinant_is_the_sum_of_the_log_scales():
    model = nice((1, 2, 3))
    torch.testing.assert_close(model(images(model, 3))[1], model.log_scale.sum().expand(3))
    assert model.is_constant_log_det


def test_initialisation_gives_every_latent_zero_mean_and_unit_variance():
    model = NICE((1, 4, 4), NICEConfig(width=5)).double()
    x = 0.3 * images(model, 50) + 0.2
    x[:, 0, 0, 0] = 0.5
    model.initialise(x)
    z = model(x)[0]
    torch.testing.assert_close(z.mean(0), torch.zeros(16, dtype=torch.float64), rtol=0, atol=1e-9)
    torch.testing.assert_close(z.std(0, correction=0)[1:], torch.ones(15, dtype=torch.float64))
    assert float(model.log_scale[0].detach()) == pytest.approx(-math.log(MINIMUM_STD))
    assert bool(model.initialised)
    x[0, 0, 1, 1] = torch.nan
    with pytest.raises(NonFiniteError, match="NaN or infinity"):
        model.initialise(x)


def test_the_exact_trace_takes_the_fast_route():
    model = nice((2, 3, 3), depth=3).eval()
    moments = Moments.from_samples(images(model, 30))
    e = expand(model, at=moments.mean)
    trace = e.trace(moments)
    assert (e.operator.route, trace.route) == ("tapped", "tapped")
    assert float(trace) == pytest.approx(float(e.trace(moments, "hvp")), rel=1e-9)


def test_the_logistic_prior_is_the_published_one_and_has_no_sigma():
    model = nice((1, 3, 3), prior="logistic").eval()
    z = 4 * torch.randn(5, 9, generator=seeded(), dtype=torch.float64)
    expected = -z - 2 * torch.log1p(torch.exp(-z))
    torch.testing.assert_close(model.prior.log_prob(z), expected.sum(1))
    assert not hasattr(model.prior, "scale")
    samples = model.prior.sample(2000, 9, seeded())
    assert samples.std() == pytest.approx(math.pi / math.sqrt(3), rel=0.03)
    torch.testing.assert_close(model.prior.sample(3, 9, seeded(), 0.5), 0.5 * model.prior.sample(3, 9, seeded()))
    x = images(model, 3)
    torch.testing.assert_close(model.inverse(model(x)[0]), x, rtol=0, atol=1e-10)
    torch.testing.assert_close(sum(model.log_prob_parts(x).values()), model.log_prob(x))
    assert expand(model, at=x[0]).operator.route == "hvp"


@pytest.mark.parametrize("prior", ["gaussian", "logistic"])
def test_it_keeps_the_contract_of_flows(prior):
    model = nice((1, 1, 2), prior=prior).eval()
    results = check_flow(model, images(model, 24), fast=True, on_fail=None)
    assert {result.name: result.reason for result in results if result.status is Status.FAILED} == {}


def test_mistakes_are_named():
    with pytest.raises(UnknownNameError, match="prior 'logistc'; did you mean 'logistic'"):
        NICEConfig(prior="logistc")  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match=r"one of shape \(1, 1, 1\) is 1 number"):
        NICE((1, 1, 1), NICEConfig())


def test_the_label_names_the_sizes():
    assert describe(NICEConfig()).label == "nice-4-2x256-silu"
    assert describe(NICEConfig(prior="logistic")).label == "nice-4-2x256-silu-logistic"
