"""Claim: the published closed form is the covariance term of a linear flow (docs/theory.md, eqs. 24, 37, 40, 41)."""

from dataclasses import dataclass
from typing import Any

import sympy
import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from curvature.claims import (
    ROUND_OFF,
    AtPoint,
    Claim,
    Condition,
    Counterexample,
    Evaluation,
    Evidence,
    FlowNumbers,
    RandomTest,
    ToyFlow,
    Vector,
    Verdict,
    cases_of,
)
from curvature.claims.engine.symbolic.derivation import SIZES, derive
from curvature.claims.engine.symbolic.kernels import (
    kernel_residuals,
    meets_condition,
    rotation_about_ones,
    row_sum_products,
    two_channel_kernel,
)
from curvature.claims.engine.symbolic.vanishing import vanishes
from curvature.claims.strategies import linear_flows, points, vectors
from curvature.closed_form.coefficients import published_coefficients

ALL_SIZES = ((1, 1), (1, 2), *SIZES)
VARIANCES = st.sampled_from((0.0, 1.0, 2.0, 0.5, 0.25))


@dataclass(frozen=True)
class WithVariances(AtPoint):
    """A flow, a point, and the variance of every channel under q and under p, the same at all pixels."""

    q: Vector
    p: Vector


with_variances = cases_of(WithVariances, lambda shape: [points(shape), *[vectors(shape[0], VARIANCES)] * 2])


def published_against_exact(case: WithVariances) -> Evaluation:
    """``1/2 Tr{H (Sigma_q - Sigma_p)}`` for channel variances, from kernels alone and from H."""
    flow = case.toy_flow
    C, height, width = flow.event_shape
    change = torch.tensor(case.q, dtype=torch.float64) - torch.tensor(case.p, dtype=torch.float64)
    v = change[:, None, None].expand(C, height, width)
    w = published_coefficients(flow.channel_mixings(), C, flow.numbers.prior_scale).weights(flow.event_shape)
    h = case.expansion.diagonal() / 2
    scale = float((w * v).abs().sum() + (h * v).abs().sum())
    return Evaluation(float((w * v).sum()), "==", float((h * v).sum()), ROUND_OFF * scale)


def dense_kernels() -> tuple[sympy.Matrix, ...]:
    """Kernels on the condition that are neither diagonal nor permutations (eqs. 40 and 41)."""
    pairs = ((1, 2), (1, -2), (2, 3), (1, 1))
    two_channels = (two_channel_kernel(*map(sympy.Integer, pair)) for pair in pairs)
    return (*two_channels, rotation_about_ones(sympy.pi / 3))


def flow_of(kernel: sympy.Matrix) -> ToyFlow:
    """The linear flow of one kernel on one pixel."""
    return ToyFlow(FlowNumbers.of_kernel([[float(entry) for entry in row] for row in kernel.tolist()]))


def cases_on_the_condition(**options: Any) -> SearchStrategy[Any]:
    """Cases of linear flows with diagonal kernels, with signed permutations, and with dense ones."""
    families = [linear_flows(kernel_kinds=(kind,), **options) for kind in ("diagonal", "permutation")]
    return with_variances(st.one_of(*families, st.sampled_from([flow_of(kernel) for kernel in dense_kernels()])))


def is_equivalent(C: int, K: int) -> bool:
    """Prove that published and exact trace agree for every vector of variances exactly if all residuals vanish.

    Published minus exact trace is ``-(1/sigma^2) sum_c residual_c v_c``: linear in the variances v, with the residuals
    of eq. 37 as its coefficients.
    """
    flow = derive(C, K, couplings=False)
    v = sympy.symbols(f"v1:{C + 1}", nonnegative=True)
    H = flow.second_derivatives
    alphas = row_sum_products(flow.kernels)
    published = -sum(a**2 * s for a, s in zip(alphas, v, strict=True)) / flow.sigma**2
    exact = sum(H[c, c] * v[c] for c in range(C))
    gap = sympy.expand((exact - published) * flow.sigma**2)
    residuals = kernel_residuals(flow.kernels)
    is_linear = vanishes(gap.subs(dict.fromkeys(v, 0)))
    return is_linear and vanishes([gap.coeff(v[c]) - residuals[c] for c in range(C)])


def is_automatic(C: int, K: int) -> bool:
    """Whether every choice of kernels meets the condition: the residuals are the zero polynomial."""
    return all(residual == 0 for residual in kernel_residuals(derive(C, K, couplings=False).kernels))


def published_is_exact() -> Evidence:
    """The condition of eq. 37, and a shear that does not meet it."""
    shear = sympy.Matrix([[1, 1], [0, 1]])
    residuals = kernel_residuals((shear,))
    return Evidence(
        method="the difference to Tr{H Sigma} of a linear flow is linear in the channel variances; its coefficients "
        "are the condition's polynomials",
        refutations={
            "fails for [[1, 1], [0, 1]]": not meets_condition((shear,)),
            "residuals are non-zero numbers": any(bool(r.is_nonzero) for r in residuals),
        },
        conditions={f"C={C}, K={K}": is_equivalent(C, K) for C, K in ALL_SIZES}
        | {f"automatic only for one channel, C={C}, K={K}": is_automatic(C, K) is (C == 1) for C, K in ALL_SIZES},
        counterexample=Counterexample.exact(
            f"one shear [[1, 1], [0, 1]], residuals {residuals}", ("alpha_1^2 - |U e_1|^2", "0"), residuals[0], "=="
        ),
    )


CLAIM = Claim(
    name="published-exact",
    order=40,
    statement="The published closed form is the covariance term of a flow of 1x1 kernels, channels independent",
    equations=(24, 37),
    expected=Verdict.CONDITIONAL,
    condition=Condition(
        "(prod_k sum_j u_kcj)^2 = |U e_c|^2 for every channel c: one channel, diagonal kernels, "
        "signed permutations and few others",
        cases=cases_on_the_condition,
    ),
    test=RandomTest(
        cases=with_variances,
        evaluate=published_against_exact,
        sides=("published, nats", "1/2 Tr{H (Sigma_q - Sigma_p)}"),
        models=linear_flows,
    ),
    evidence=published_is_exact,
)
