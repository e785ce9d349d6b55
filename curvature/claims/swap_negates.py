"""Claim: exchanging training data and other data negates the predicted gap (docs/theory.md, eqs. 9, 22)."""

from curvature.claims import ROUND_OFF, Claim, Evaluation, RandomTest, Verdict
from curvature.claims.engine.gaussian_pairs import TwoFlows, both_directions, two_gaussians
from curvature.claims.strategies import linear_flows


def swapped_directions(case: TwoFlows) -> Evaluation:
    """The gap of q under p's own model, against minus the gap of p under q's own model."""
    forward, backward = both_directions(case)
    return Evaluation(forward, "==", -backward, ROUND_OFF * (abs(forward) + abs(backward) + case.p.dim))


CLAIM = Claim(
    name="swap-negates",
    order=130,
    statement="Exchanging training data and other data turns the predicted gap into its negative",
    equations=(9, 22),
    expected=Verdict.REFUTED,
    test=RandomTest(
        cases=two_gaussians,
        evaluate=swapped_directions,
        sides=("1/2 Tr{H_p (Sigma_q - Sigma_p)}", "-1/2 Tr{H_q (Sigma_p - Sigma_q)}"),
        models=linear_flows,
        needs="two Gaussian models, each fitted perfectly to its own data",
    ),
)
