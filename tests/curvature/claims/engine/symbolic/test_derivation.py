"""H in symbols against sympy's own differentiation, against automatic differentiation, and against toy flows."""

import dataclasses

import numpy as np
import pytest
import sympy
import torch
from torch.func import hessian

from curvature.claims.dropped_terms import dropped_terms
from curvature.claims.engine.symbolic.derivation import SIZES, derive
from curvature.claims.engine.symbolic.smooth_functions import derivatives
from curvature.closed_form.channel_mixing import from_kernels
from curvature.closed_form.coefficients import exact_coefficients, published_coefficients
from curvature.errors import OptionError
from tests.curvature.claims.engine.symbolic.symbolic_reference import Reference
from tests.curvature.densities import randn
from tests.curvature.toy_flows import CouplingFlow, LinearFlow


def tanh_unit(v: float, w: float, c: float):
    """``v tanh(w h + c)`` with its derivatives, for NumPy."""
    return (
        lambda h: v * np.tanh(w * h + c),
        lambda h: v * w * (1 - np.tanh(w * h + c) ** 2),
        lambda h: -2 * v * w**2 * np.tanh(w * h + c) * (1 - np.tanh(w * h + c) ** 2),
    )


def sum_of(units):
    """Sum of functions, with its derivatives."""
    return tuple(lambda h, n=n: sum(unit[n](h) for unit in units) for n in range(3))


@pytest.mark.parametrize(("channels", "steps"), SIZES)
def test_derived_hessian_is_the_one_sympy_differentiates(channels, steps):
    flow = derive(channels, steps)
    assert flow.is_proved()
    assert (flow.channels, len(flow.kernels), len(flow.couplings)) == (channels, steps, steps)


def test_a_wrong_hessian_is_not_proved():
    flow = derive(2, 1)
    assert not dataclasses.replace(flow, second_order=2 * flow.second_order).is_proved()


@pytest.mark.parametrize("channels", [2, 3])
@pytest.mark.parametrize("sigma", [1.0, 0.7])
def test_reference_agrees_with_a_toy_flow_of_one_nonlinear_coupling(channels, sigma):
    generator = torch.Generator().manual_seed(channels)
    flow = CouplingFlow.random((channels,), 4, generator, "tanh", sigma)
    with torch.no_grad():
        flow.linear.offset.zero_()
    W, b, V = (p.detach().numpy() for p in (flow.inner, flow.bias, flow.outer))
    shifts = [sum_of([tanh_unit(v, w, c) for v, w, c in zip(row, W[:, 0], b, strict=True)]) for row in V]
    numeric = Reference(channels, 1, [shifts])
    x = randn(channels, seed=5)
    H = hessian(lambda x: flow.log_prob(x[None])[0])(x).detach()
    kernels = flow.linear.matrix.detach()[None].numpy()
    np.testing.assert_allclose(numeric.hessian(x.numpy(), kernels, sigma), H, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(flow.hessian(x[None])[0].detach(), H, rtol=1e-10, atol=1e-12)
    variances = np.arange(1.0, channels + 1)
    assert numeric.trace(x.numpy(), kernels, variances, sigma) == pytest.approx(float(np.diag(H) @ variances))


@pytest.mark.parametrize("steps", [2, 3])
def test_reference_agrees_over_several_steps(steps):
    kernels, parameters = randn(steps, 3, 3, seed=1), randn(steps, 2, 3, seed=2)
    units = [[tanh_unit(*unit) for unit in step.tolist()] for step in parameters]

    def log_prob(x):
        for kernel, step in zip(kernels, parameters, strict=True):
            x = kernel @ x
            shift = step[:, 0] * torch.tanh(step[:, 1] * x[0] + step[:, 2])
            x = x + torch.cat([torch.zeros(1, dtype=x.dtype), shift])
        return -0.5 * (x @ x) / 0.8**2

    x = randn(3, seed=3)
    numeric = Reference(3, steps, units)
    np.testing.assert_allclose(
        numeric.hessian(x.numpy(), kernels.numpy(), 0.8), hessian(log_prob)(x), rtol=1e-9, atol=1e-11
    )


def test_reference_of_linear_flows_agrees_with_both_closed_forms():
    kernels, variances = randn(3, 3, 3, seed=4), np.array([0.3, 1.0, 2.0])
    numeric = Reference(3, 3)
    mixings = from_kernels(kernels)
    exact, published = (f(mixings, 3).values.reshape(-1).numpy() for f in (exact_coefficients, published_coefficients))
    assert numeric.trace(np.zeros(3), kernels, variances, 0.9) == pytest.approx(-(exact @ variances) / 0.81)
    assert numeric.published_trace(kernels, variances, 0.9) == pytest.approx(-(published @ variances) / 0.81)
    model = LinearFlow(kernels[2] @ kernels[1] @ kernels[0], torch.zeros(3, dtype=torch.float64), 0.9)
    np.testing.assert_allclose(numeric.hessian(np.ones(3), kernels, 0.9), model.hessian().detach(), rtol=1e-10)


def test_dropped_terms_close_the_gap_in_exact_numbers():
    flow = derive(2, 1)
    h = sympy.Symbol("h", real=True)
    shift, U = h**2 + h / 3, sympy.Matrix([[1, 2], [-1, sympy.Rational(1, 2)]])
    at = {flow.x[0]: sympy.Rational(1, 5), flow.x[1]: -2, flow.sigma: 1, **dict(zip(flow.kernels[0], U, strict=True))}
    (m,) = flow.couplings[0]

    def value(expression):
        for order, name in enumerate(derivatives(m)):
            expression = expression.replace(name, sympy.Lambda(h, shift.diff(h, order)))
        return expression.subs(at)

    exact = -value(flow.hessian)
    for c in range(2):
        values = [value(terms[c]) for terms in dropped_terms(flow).values()]
        assert len(values) == 4
        assert 0 not in values
        assert sum(values) == exact[c, c]


def test_sizes_out_of_range_are_errors():
    for arguments in ((4, 1), (1, 1), (2, 0)):
        with pytest.raises(OptionError, match="expected at least one step"):
            derive(*arguments)
