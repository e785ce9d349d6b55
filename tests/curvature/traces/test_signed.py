import torch

from curvature.traces.signed import SignedFactor
from tests.curvature.flows import moments_of


def test_signed_factors_are_the_difference():
    q, p = moments_of((6,), 5, seed=1), moments_of((6,), 6, seed=3)
    factor = SignedFactor.of(q, p, q.mean)
    difference = torch.einsum("r,ri,rj->ij", factor.signs, factor.rows, factor.rows)
    torch.testing.assert_close(difference, q.covariance() - p.covariance())
    assert set(factor.signs.tolist()) == {1.0, -1.0}
    assert [len(block) for block in factor.split(4)] == [4, 2]
