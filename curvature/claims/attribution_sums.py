"""Claim: the attribution's parts add up to Tr{H Sigma} (docs/theory.md, eqs. 7, 11)."""

from curvature.claims import ROUND_OFF, Claim, Evaluation, RandomTest, Verdict, WithCovariance, with_covariance


def sum_of_attribution(case: WithCovariance) -> Evaluation:
    """Gauss-Newton part and every activation's share, against Hessian-vector products."""
    expansion, moments = case.expansion, case.moments(case.covariance)
    parts = expansion.attribution(moments)
    shares = [parts.gauss_newton, *(share.nats for share in parts.activations)]
    right = float(expansion.trace(moments, "hvp"))
    return Evaluation(sum(shares), "==", right, ROUND_OFF * (sum(map(abs, shares)) + abs(right)))


CLAIM = Claim(
    name="attribution-sums",
    order=30,
    statement="The Gauss-Newton part and the shares of all activations add up to Tr{H Sigma}",
    equations=(7, 11),
    expected=Verdict.HOLDS,
    essential=True,
    test=RandomTest(
        cases=with_covariance,
        evaluate=sum_of_attribution,
        sides=("sum of the shares", "Hessian-vector products"),
    ),
)
