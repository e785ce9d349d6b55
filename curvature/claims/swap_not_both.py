"""Claim: the two directions of a Gaussian pair never both favour the other set (docs/theory.md, eqs. 9, 22)."""

import torch

from curvature.claims import Claim, Evaluation, RandomTest, Verdict
from curvature.claims.engine.gaussian_pairs import TwoFlows, both_directions, gaussian_moments, two_gaussians
from curvature.claims.strategies import linear_flows


def sum_of_directions(case: TwoFlows) -> Evaluation:
    """Both directions' gains together, against minus the symmetric Kullback-Leibler divergence of the covariances."""
    forward, backward = both_directions(case)
    Sigma_p, Sigma_q = (gaussian_moments(flow).covariance() for flow in (case.p, case.q))
    traces = [float(torch.linalg.solve(a, b).trace()) for a, b in ((Sigma_p, Sigma_q), (Sigma_q, Sigma_p))]
    divergence = sum(traces) / 2 - case.p.dim
    return Evaluation(forward + backward, "==", -divergence, 1e-7 * (abs(forward) + abs(backward) + sum(traces)))


CLAIM = Claim(
    name="swap-not-both",
    order=140,
    statement="Both directions of a Gaussian pair add up to minus its symmetric KL divergence, so not both favour "
    "the other set",
    equations=(9, 22),
    expected=Verdict.HOLDS,
    essential=True,
    test=RandomTest(
        cases=two_gaussians,
        evaluate=sum_of_directions,
        sides=("sum of both directions' gains", "-(KL(p, q) + KL(q, p))"),
        models=linear_flows,
        needs="two Gaussian models, each fitted perfectly to its own data",
    ),
)
