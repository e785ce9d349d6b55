"""The toy flows' closed forms against independent computations."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.curvature.integral import integral_of_density
from tests.curvature.toy_flows import (
    ACTIVATIONS,
    CouplingFlow,
    LinearFlow,
    MixingFlow,
    first_derivative,
    second_derivative,
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def images(flow, n, seed=1):
    return torch.rand(n, *flow.event_shape, generator=seeded(seed), dtype=torch.float64)


def automatic_hessian(flow, event):
    hessian = torch.func.hessian(lambda x: flow.log_prob(x[None])[0])(event)
    return hessian.reshape(flow.dim, flow.dim)


def automatic_gradient(flow, x):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(flow.log_prob(x).sum(), x)[0]


@settings(deadline=None, max_examples=20)
@given(dim=st.integers(1, 6), scale=st.floats(0.3, 3), seed=st.integers(0, 10**6))
def test_linear_flow_is_a_gaussian(dim, scale, seed):
    flow = LinearFlow.random((dim,), seeded(seed), scale)
    x = images(flow, 3, seed)
    gaussian = torch.distributions.MultivariateNormal(flow.mean(), flow.covariance())
    torch.testing.assert_close(flow.log_prob(x), gaussian.log_prob(x), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(flow.hessian(), -torch.linalg.inv(flow.covariance()), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(flow.gradient(x), automatic_gradient(flow, x), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(flow.gradient(flow.mean()[None]), torch.zeros(1, dim, dtype=torch.float64))
    torch.testing.assert_close(automatic_hessian(flow, x[0]), flow.hessian())


def test_linear_flow_samples_have_its_mean_and_covariance():
    flow = LinearFlow.random((2, 2, 1), seeded(3), prior_scale=1.5)
    x = flow.sample(40_000, seeded(4)).flatten(1)
    covariance = flow.covariance()
    error = covariance.diagonal().sqrt() / math.sqrt(len(x))
    assert ((x.mean(0) - flow.mean().flatten()).abs() < 5 * error).all()
    torch.testing.assert_close(torch.cov(x.mT), covariance, rtol=0, atol=0.05 * covariance.abs().max().item())


@settings(deadline=None, max_examples=20)
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3)),
    steps=st.integers(1, 4),
    scale=st.floats(0.3, 3),
    seed=st.integers(0, 10**6),
)
def test_mixing_flow_closed_forms(shape, steps, scale, seed):
    flow = MixingFlow.random(shape, steps, seeded(seed), scale)
    x = images(flow, 2, seed)
    torch.testing.assert_close(flow.gradient(x), automatic_gradient(flow, x), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(flow.hessian(), automatic_hessian(flow, x[0]), rtol=1e-9, atol=1e-9)
    # The exact coefficient of channel c is ||U e_c||^2 (docs/theory.md).
    column_norms = flow.product().square().sum(0)
    diagonal = -flow.hessian().diagonal().reshape(shape)[:, 0, 0] * scale**2
    torch.testing.assert_close(diagonal, column_norms)
    product = torch.linalg.multi_dot(
        [mixing.kernel for mixing in reversed(flow.channel_mixings())] + [torch.eye(shape[0]).double()]
    )
    torch.testing.assert_close(product, flow.product())


@settings(deadline=None, max_examples=30)
@given(
    dim=st.integers(2, 7),
    hidden=st.integers(1, 6),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    scale=st.floats(0.3, 3),
    seed=st.integers(0, 10**6),
)
def test_coupling_flow_closed_forms(dim, hidden, activation, scale, seed):
    flow = CouplingFlow.random((dim,), hidden, seeded(seed), activation, scale)
    x = images(flow, 2, seed)
    torch.testing.assert_close(flow.gradient(x), automatic_gradient(flow, x), rtol=1e-9, atol=1e-9)
    for event, hessian in zip(x, flow.hessian(x), strict=True):
        torch.testing.assert_close(hessian, automatic_hessian(flow, event), rtol=1e-9, atol=1e-9)
    jacobian = torch.func.jacrev(lambda event: flow(event[None])[0][0])(x[0])
    torch.testing.assert_close(flow.jacobian(x)[0], jacobian, rtol=1e-10, atol=1e-10)


def test_the_coupling_bends_the_flow():
    flow = CouplingFlow.random((4,), 6, seeded(1))
    x = 4 * images(flow, 2)
    assert (flow.hessian(x)[0] - flow.hessian(x)[1]).abs().max() > 0.05


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_derivatives_of_the_activations(activation):
    u = torch.linspace(-4, 4, 40, dtype=torch.float64)
    derivative = torch.func.grad(ACTIVATIONS[activation]())
    torch.testing.assert_close(first_derivative(activation, u), torch.func.vmap(derivative)(u))
    torch.testing.assert_close(second_derivative(activation, u), torch.func.vmap(torch.func.grad(derivative))(u))


@pytest.mark.parametrize(
    ("flow", "points"),
    [
        (CouplingFlow.random((2,), 5, seeded(1), "silu", 0.8), 300),
        (CouplingFlow.random((3,), 5, seeded(2), "tanh", 0.8), 90),
    ],
    ids=["2d", "3d"],
)
def test_density_integrates_to_one(flow, points):
    assert integral_of_density(flow, points) == pytest.approx(1, abs=2e-3)
