"""Claim: the Gauss-Newton part of H is negative semi-definite (docs/theory.md, eq. 7)."""

import torch

from curvature.claims import Claim, Evaluation, Evidence, RandomTest, Verdict, WithCovariance, with_covariance
from curvature.claims.engine.signs import MARGIN
from curvature.claims.engine.symbolic.sums_of_squares import gauss_newton_facts


def gauss_newton_part(case: WithCovariance) -> Evaluation:
    """The largest Gauss-Newton share of ``Tr{H Sigma}`` that a route reports, or the largest eigenvalue of ``-J'J``."""
    flow = case.toy_flow
    J = flow.jacobian(case.point())
    expansion, moments = case.expansion, case.moments(case.covariance)
    reported = [expansion.trace(moments, route).gauss_newton for route in ("adjoint", "jet", "tapped")]
    eigenvalue = float(torch.linalg.eigvalsh(-J.T @ J / flow.numbers.prior_scale**2)[-1])
    largest = max(eigenvalue, *(share for share in reported if share is not None))
    return Evaluation(largest, "<=", 0.0, MARGIN * float(J.square().sum()) / flow.numbers.prior_scale**2)


def gauss_newton_is_semi_definite() -> Evidence:
    """``-v'J'Jv`` is minus a sum of squares, for any real J."""
    return Evidence(
        method="-v'J'Jv + sum_i (Jv)_i^2 expands to zero for a 3x3 J of real symbols; each square is non-negative",
        proofs=gauss_newton_facts(),
    )


CLAIM = Claim(
    name="gauss-newton-sign",
    order=50,
    statement="The Gauss-Newton part of H is negative semi-definite, for any parameters",
    equations=(7,),
    expected=Verdict.HOLDS,
    essential=True,
    test=RandomTest(cases=with_covariance, evaluate=gauss_newton_part, sides=("its largest eigenvalue or share", "0")),
    evidence=gauss_newton_is_semi_definite,
)
