"""Exact counterexamples to the semi-definiteness of H, against automatic differentiation."""

import numpy as np
import pytest
import sympy
import torch
from torch.func import hessian

from curvature.claims.engine.symbolic.one_coupling import SILU, WHOLE_NUMBERS, OneCoupling, h, indefinite_facts


@pytest.mark.parametrize("found", [WHOLE_NUMBERS, SILU], ids=["whole numbers", "SiLU"])
def test_counterexamples_are_indefinite_numerically(found):
    shift = sympy.lambdify(h, found.m(h), modules=[{"exp": torch.exp}])

    def log_prob(x):
        return -0.5 * (x[0] ** 2 + (x[1] + shift(x[0])) ** 2)

    H = hessian(log_prob)(torch.tensor([float(v) for v in found.x], dtype=torch.float64))
    np.testing.assert_allclose(H, np.array(found.hessian, float), atol=1e-12)
    largest = float(torch.linalg.eigvalsh(H).max())
    assert largest > 0.5
    evaluation = found.counterexample().evaluation
    assert not evaluation.holds
    assert evaluation.left == pytest.approx(largest)
    assert "H =" in str(found.counterexample())


def test_the_facts_are_true():
    assert list(indefinite_facts().values()) == [True, True]


def test_no_counterexample_where_the_latents_vanish():
    assert OneCoupling(sympy.Lambda(h, h**2), (0, 0)).counterexample().evaluation.holds
