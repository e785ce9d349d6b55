"""Cases of two Gaussians, each a linear flow that fits its own data perfectly, and both predicted gaps."""

from dataclasses import dataclass

import torch

from curvature import Moments, expand
from curvature.claims.engine.drawing.cases import cases_of
from curvature.claims.engine.drawing.flow_strategies import linear_flows
from curvature.claims.engine.drawing.toy_flow import ToyFlow


@dataclass(frozen=True)
class TwoFlows:
    """Two flows of the same events."""

    p: ToyFlow
    q: ToyFlow


two_gaussians = cases_of(
    TwoFlows, lambda shape: [linear_flows(channels=shape[:1], sides=shape[1:2], steps=1, levels=1)]
)


def both_directions(case: TwoFlows) -> tuple[float, float]:
    """``1/2 Tr{H_p (Sigma_q - Sigma_p)}`` and ``1/2 Tr{H_q (Sigma_p - Sigma_q)}``, each Gaussian about its own mean."""
    p, q = gaussian_moments(case.p), gaussian_moments(case.q)
    forward = expand(case.p.log_prob, p.mean).predict(q, versus=p, sampling_error=False).covariance
    backward = expand(case.q.log_prob, q.mean).predict(p, versus=q, sampling_error=False).covariance
    return forward, backward


def gaussian_moments(flow: ToyFlow) -> Moments:
    """Mean and covariance of a linear flow: those of the data that it fits perfectly."""
    zero = torch.zeros(1, flow.dim, dtype=torch.float64)
    identity = flow.numbers.prior_scale * torch.eye(flow.dim, dtype=torch.float64)
    mean = flow.inverse(zero)
    factor = (flow.inverse(identity) - mean).reshape(flow.dim, flow.dim).T
    return Moments(mean[0], factor.contiguous(), count=1)
