"""The condition under which the published form is exact, in symbols, against the numeric coefficients."""

import numpy as np
import pytest
import sympy
import torch

from curvature.claims.engine.symbolic.kernels import (
    kernel_residuals,
    meets_condition,
    rotation_about_ones,
    symbolic_kernels,
    two_channel_kernel,
)
from curvature.claims.first_diagonal import is_quadratic, own_quadratic
from curvature.claims.published_exact import dense_kernels, flow_of, is_automatic, is_equivalent
from curvature.closed_form.channel_mixing import from_kernels
from curvature.closed_form.coefficients import exact_coefficients, published_coefficients
from tests.curvature.densities import randn


def residual_of(kernels) -> torch.Tensor:
    """Published minus exact coefficients, by the numeric code."""
    mixings, C = from_kernels(kernels), kernels.shape[-1]
    return (published_coefficients(mixings, C).values - exact_coefficients(mixings, C).values).reshape(-1)


@pytest.mark.parametrize(("channels", "steps"), [(1, 2), (2, 1), (2, 2), (3, 1)])
def test_condition_is_proved(channels, steps):
    assert is_equivalent(channels, steps)
    assert is_quadratic(channels, steps)
    assert is_automatic(channels, steps) is (channels == 1)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_residuals_are_those_of_the_numeric_code(steps):
    symbols = symbolic_kernels(2, steps)
    kernels = randn(steps, 2, 2, seed=steps)
    values = dict(zip((u for kernel in symbols for u in kernel), kernels.reshape(-1).tolist(), strict=True))
    expected = [float(r.subs(values)) for r in kernel_residuals(symbols)]
    np.testing.assert_allclose(residual_of(kernels), expected, rtol=1e-9)


def test_members_of_the_variety_are_exact_numerically():
    A = sympy.Matrix([[2, 1], [4, -1]])
    members = [
        (two_channel_kernel(sympy.Integer(1), sympy.Integer(2)),),
        (two_channel_kernel(sympy.Integer(-3), sympy.Rational(1, 2)),),
        (rotation_about_ones(1),),
        tuple(rotation_about_ones(n) for n in (1, 2, 3)),
        (A, A.inv()),
    ]
    for kernels in members:
        numbers = torch.tensor(np.array([np.array(k.evalf(), float) for k in kernels]))
        assert float(residual_of(numbers).abs().max()) < 1e-12
        assert all(not kernel.is_diagonal() for kernel in kernels)
    assert members[0] == (sympy.Matrix([[sympy.Rational(3, 2), 1], [2, sympy.Rational(-3, 4)]]),)
    assert not meets_condition((A,))


def test_a_diagonal_solves_the_condition():
    first, second = sympy.Matrix([[0, 1], [2, 0]]), sympy.Matrix([[1, 1], [1, 2]])
    t = sympy.Symbol("t", real=True)
    choices = [
        sympy.solve(a * t**2 + b * t + rest, t) for a, b, rest in (own_quadratic((first, second), c) for c in (0, 1))
    ]
    assert [len(solutions) for solutions in choices] == [2, 2]
    for diagonal in ((t, u) for t in choices[0] for u in choices[1]):
        assert meets_condition((first + sympy.diag(*diagonal), second))
    kernel = sympy.Matrix([[0, 1, 2], [3, 0, 1], [1, 1, 0]])
    quadratics = [own_quadratic((kernel,), c) for c in range(3)]
    assert [a for a, _, _ in quadratics] == [0, 0, 0]
    solutions = [-rest / b for _, b, rest in quadratics]
    assert solutions == [sympy.Rational(1, 6), sympy.Rational(-7, 4), sympy.Rational(1, 4)]
    assert meets_condition((kernel + sympy.diag(*solutions),))


@pytest.mark.parametrize("kernel", dense_kernels(), ids=str)
def test_toy_flows_of_dense_kernels_meet_the_condition(kernel):
    assert meets_condition((kernel,))
    (mixing,) = flow_of(kernel).channel_mixings()
    torch.testing.assert_close(mixing.kernel.sum(1).square(), mixing.kernel.square().sum(0))
