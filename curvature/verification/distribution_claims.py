"""Claims about models and the data they were fitted to: Stein's identity, and the two directions of a pair."""

import torch

from curvature.expansion import expand
from curvature.moments import Moments
from curvature.verification.cases import ModelSamples, TwoFlows, model_samples, two_gaussians
from curvature.verification.claim import Claim, Evaluation
from curvature.verification.convergence_claims import gentle_flows
from curvature.verification.identity_claims import linear_flows
from curvature.verification.toy_flow import ToyFlow

N_SAMPLES = 2048
# Six standard errors: among thousands of cases none shall fail by chance.
STANDARD_ERRORS = 6.0
ROUND_OFF = 1e-9


def stein(case: ModelSamples) -> Evaluation:
    """Mean of ``(x - a).grad log p(x)`` over samples of the model, against -D."""
    flow = case.model
    x = flow.sample(N_SAMPLES, torch.Generator().manual_seed(case.seed)).requires_grad_()
    (g,) = torch.autograd.grad(flow.log_prob(x).sum(), x)
    a = torch.tensor(case.a, dtype=torch.float64).reshape(flow.event_shape)
    values = ((x.detach() - a) * g).flatten(1).sum(1)
    error = float(values.std()) / N_SAMPLES**0.5
    return Evaluation(float(values.mean()), "==", float(-flow.dim), STANDARD_ERRORS * error + ROUND_OFF)


def swapped_directions(case: TwoFlows) -> Evaluation:
    """The gap of q under p's own model, against minus the gap of p under q's own model."""
    forward, backward = both_directions(case)
    return Evaluation(forward, "==", -backward, ROUND_OFF * (abs(forward) + abs(backward) + case.p.dim))


def sum_of_directions(case: TwoFlows) -> Evaluation:
    """Both directions' gains together, against minus the symmetric Kullback-Leibler divergence of the covariances."""
    forward, backward = both_directions(case)
    Sigma_p, Sigma_q = (gaussian_moments(flow).covariance() for flow in (case.p, case.q))
    traces = [float(torch.linalg.solve(a, b).trace()) for a, b in ((Sigma_p, Sigma_q), (Sigma_q, Sigma_p))]
    divergence = sum(traces) / 2 - case.p.dim
    return Evaluation(forward + backward, "==", -divergence, 1e-7 * (abs(forward) + abs(backward) + sum(traces)))


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


CLAIMS = (
    Claim(
        name="stein",
        statement="On the model's own samples (x - a).grad log p averages to -D, for any a",
        equations="23",
        cases=model_samples,
        evaluate=stein,
        sides=(f"mean over {N_SAMPLES} samples", "-D"),
        essential=True,
        models=gentle_flows,
    ),
    Claim(
        name="swap-negates",
        statement="Exchanging training data and other data turns the predicted gap into its negative",
        equations="9, 22",
        cases=two_gaussians,
        models=linear_flows,
        evaluate=swapped_directions,
        sides=("1/2 Tr{H_p (Sigma_q - Sigma_p)}", "-1/2 Tr{H_q (Sigma_p - Sigma_q)}"),
    ),
    Claim(
        name="swap-not-both",
        statement="Both directions of a Gaussian pair add up to minus its symmetric KL divergence, so not both favour "
        "the other set",
        equations="9, 22",
        cases=two_gaussians,
        models=linear_flows,
        evaluate=sum_of_directions,
        sides=("sum of both directions' gains", "-(KL(p, q) + KL(q, p))"),
        essential=True,
    ),
)
