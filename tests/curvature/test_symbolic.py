import dataclasses
from pathlib import Path

import numpy as np
import pytest
import sympy
import torch
from torch.func import hessian

from curvature.closed_form.channel_mixing import from_kernels
from curvature.closed_form.coefficients import exact_coefficients, published_coefficients
from curvature.errors import OptionError
from curvature.symbolic import (
    claims,
    complete_kernel,
    condition,
    counterexample,
    derive,
    dropped_terms,
    kernel_residuals,
    meets_condition,
    rational_counterexample,
    reference,
    rotation_about_ones,
    silu_counterexample,
    specialise,
    two_channel_family,
)
from curvature.symbolic.claims import verdict_of
from curvature.symbolic.evidence import Evidence
from experiments.models.toy import CouplingFlow, LinearFlow
from tests.curvature.densities import randn


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


def as_tensors(kernels) -> torch.Tensor:
    return torch.tensor(np.array([np.array(k.evalf(), float) for k in kernels]))


def residual_of(kernels) -> torch.Tensor:
    """Published minus exact coefficients, by the numeric code."""
    mixings, C = from_kernels(kernels), kernels.shape[-1]
    return (published_coefficients(mixings, C).values - exact_coefficients(mixings, C).values).reshape(-1)


@pytest.mark.parametrize(("channels", "steps"), [(2, 1), (2, 2), (2, 3), (3, 1), (3, 2)])
def test_derived_hessian_is_the_one_sympy_differentiates(channels, steps):
    flow = derive(channels, steps)
    assert flow.is_proved()
    assert (flow.channels, len(flow.kernels), len(flow.couplings)) == (channels, steps, steps)


def test_a_wrong_hessian_is_not_proved():
    flow = derive(2, 1)
    assert not dataclasses.replace(flow, second_order=2 * flow.second_order).is_proved()


def test_latex_shows_primes():
    assert "m'_{1,2}" in derive(2, 1).latex
    assert "m''_{1,2}" in derive(2, 1).latex


@pytest.mark.parametrize("channels", [2, 3])
@pytest.mark.parametrize("sigma", [1.0, 0.7])
def test_reference_agrees_with_a_toy_flow_of_one_nonlinear_coupling(channels, sigma):
    generator = torch.Generator().manual_seed(channels)
    flow = CouplingFlow.random((channels,), 4, generator, "tanh", sigma)
    with torch.no_grad():
        flow.linear.offset.zero_()
    W, b, V = (p.detach().numpy() for p in (flow.inner, flow.bias, flow.outer))
    shifts = [sum_of([tanh_unit(v, w, c) for v, w, c in zip(row, W[:, 0], b, strict=True)]) for row in V]
    numeric = reference(channels, 1, [shifts])
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
    H = hessian(log_prob)(x)
    numeric = reference(3, steps, units)
    np.testing.assert_allclose(numeric.hessian(x.numpy(), kernels.numpy(), 0.8), H, rtol=1e-9, atol=1e-11)


def test_reference_of_linear_flows_agrees_with_both_closed_forms():
    kernels, variances = randn(3, 3, 3, seed=4), np.array([0.3, 1.0, 2.0])
    numeric = reference(3, 3)
    mixings = from_kernels(kernels)
    exact, published = (f(mixings, 3).values.reshape(-1).numpy() for f in (exact_coefficients, published_coefficients))
    assert numeric.trace(np.zeros(3), kernels, variances, 0.9) == pytest.approx(-(exact @ variances) / 0.81)
    assert numeric.published_trace(kernels, variances, 0.9) == pytest.approx(-(published @ variances) / 0.81)
    model = LinearFlow(kernels[2] @ kernels[1] @ kernels[0], torch.zeros(3, dtype=torch.float64), 0.9)
    np.testing.assert_allclose(numeric.hessian(np.ones(3), kernels, 0.9), model.hessian().detach(), rtol=1e-10)


def test_dropped_terms_close_the_gap_numerically():
    flow = derive(2, 1)
    terms = dropped_terms(flow)
    assert terms.is_complete
    assert set(terms.correlation) == {(0, 1)}
    h = sympy.Symbol("h", real=True)
    shift, U = sympy.Lambda(h, h**2 + h / 3), sympy.Matrix([[1, 2], [-1, sympy.Rational(1, 2)]])
    at = {flow.x[0]: sympy.Rational(1, 5), flow.x[1]: -2, flow.sigma: 1}
    exact = -specialise(flow, flow.hessian, (U,), shift).subs(at)
    for c in range(2):
        parts = (terms.published[c], terms.mixing[c], terms.coupling_jacobian[c], terms.second_order[c])
        values = [specialise(flow, part, (U,), shift).subs(at) for part in parts]
        assert 0 not in values
        assert sum(values) == exact[c, c]
    assert specialise(flow, terms.correlation[0, 1], (U,), shift).subs(at) == 2 * exact[0, 1]


@pytest.mark.parametrize(("channels", "steps"), [(1, 2), (2, 1), (2, 2), (3, 1)])
def test_condition_is_proved(channels, steps):
    found = condition(channels, steps)
    assert found.is_equivalent
    assert found.is_quadratic
    assert found.is_automatic is (channels == 1)
    assert str(found).count("= 0") == found.latex.count("= 0") == channels


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_residuals_are_those_of_the_numeric_code(steps):
    symbols = condition(2, steps).kernels
    kernels = randn(steps, 2, 2, seed=steps)
    values = dict(zip((u for kernel in symbols for u in kernel), kernels.reshape(-1).tolist(), strict=True))
    expected = [float(r.subs(values)) for r in kernel_residuals(symbols)]
    np.testing.assert_allclose(residual_of(kernels), expected, rtol=1e-9)


def test_members_of_the_variety_are_exact_numerically():
    family, b, c = two_channel_family()
    theta = sympy.Symbol("theta", real=True)
    A = sympy.Matrix([[2, 1], [4, -1]])
    members = [
        (family.subs({b: 1, c: 2}),),
        (family.subs({b: -3, c: sympy.Rational(1, 2)}),),
        (rotation_about_ones().subs(theta, 1),),
        tuple(rotation_about_ones().subs(theta, n) for n in (1, 2, 3)),
        (A, A.inv()),
    ]
    for kernels in members:
        assert float(residual_of(as_tensors(kernels)).abs().max()) < 1e-12
        assert all(not kernel.is_diagonal() for kernel in kernels)
    assert members[0] == (sympy.Matrix([[sympy.Rational(3, 2), 1], [2, sympy.Rational(-3, 4)]]),)
    assert not meets_condition((A,))


def test_diagonals_that_complete_kernels():
    first, second = sympy.Matrix([[0, 1], [2, 0]]), sympy.Matrix([[1, 1], [1, 2]])
    choices = complete_kernel((first, second))
    assert [len(solutions) for solutions in choices] == [2, 2]
    for t in choices[0]:
        for u in choices[1]:
            assert meets_condition((first + sympy.diag(t, u), second))
    third = complete_kernel((sympy.Matrix([[0, 1, 2], [3, 0, 1], [1, 1, 0]]),))
    assert third == ((sympy.Rational(1, 6),), (sympy.Rational(-7, 4),), (sympy.Rational(1, 4),))
    assert complete_kernel((sympy.Matrix([[0, 1, -1], [1, 0, 0], [0, 0, 0]]),))[0] == ()
    with pytest.raises(OptionError, match="any diagonal entry"):
        complete_kernel((sympy.diag(1, 2),))


@pytest.mark.parametrize("found", [rational_counterexample(), silu_counterexample()])
def test_counterexamples_are_indefinite_numerically(found):
    (h,) = found.shift.variables
    shift = sympy.lambdify(h, found.shift.expr, modules=[{"exp": torch.exp}])

    def log_prob(x):
        return -0.5 * (x[0] ** 2 + (x[1] + shift(x[0])) ** 2)

    H = hessian(log_prob)(torch.tensor([float(v) for v in found.x], dtype=torch.float64))
    np.testing.assert_allclose(H, np.array(found.hessian, float), atol=1e-12)
    assert float(torch.linalg.eigvalsh(H).max()) > 0.5
    assert found.is_indefinite
    assert "H =" in str(found)


def test_no_counterexample_where_the_latents_vanish():
    h = sympy.Symbol("h", real=True)
    assert not counterexample(sympy.Lambda(h, h**2), (sympy.Integer(0), sympy.Integer(0))).is_indefinite


@pytest.fixture(scope="module")
def decided():
    return {claim.name: claim for claim in claims()}


def test_claims_are_decided_from_true_facts(decided):
    assert all(claim.checks and all(claim.checks.values()) for claim in decided.values())
    assert all(7 <= claim.equation <= 43 and claim.latex and claim.method for claim in decided.values())
    assert decided["published = exact"].verdict == "holds under a condition"
    assert decided["H negative semi-definite"].verdict == "refuted"
    assert decided["Gauss-Newton part"].verdict == "holds"
    assert "refuted (m(h) = h**2" in str(decided["H negative semi-definite"])
    assert str(decided["Gauss-Newton part"]).endswith("holds")


def test_equations_cited_are_there(decided):
    theory = (Path(__file__).parents[2] / "docs" / "theory.md").read_text()
    assert all(theory.count(rf"\tag{{{claim.equation}}}") == 1 for claim in decided.values())


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"proofs": {"a": True}}, "holds"),
        ({"proofs": {"a": True, "b": False}}, "undecided"),
        ({"refutations": {"a": True}}, "refuted"),
        ({"refutations": {"a": True}, "conditions": {"b": False}}, "refuted"),
        ({"refutations": {"a": True}, "conditions": {"b": True}}, "holds under a condition"),
        ({"refutations": {"a": False}, "conditions": {"b": True}}, "undecided"),
        ({}, "undecided"),
    ],
)
def test_verdicts_follow_from_facts(facts, verdict):
    assert verdict_of(Evidence("statement", 1, "method", **facts)) == verdict


def test_sizes_out_of_range_are_errors():
    for arguments in ((4, 1), (1, 1), (2, 0)):
        with pytest.raises(OptionError, match="expected at least one step"):
            derive(*arguments)
    with pytest.raises(OptionError, match="expected 2 couplings"):
        reference(3, 1, [[tanh_unit(1, 1, 0)]])
