"""Check: log p is the prior's density of the latents plus the log-determinant (docs/theory.md, eq. 4)."""

import torch

from curvature.checks.engine.cases import Point, points
from curvature.checks.engine.check import Check
from curvature.checks.engine.subject import Subject
from curvature.checks.engine.tolerance import round_off
from curvature.flow_parts import latent_log_prob
from curvature.property_testing.evaluation import Evaluation


@torch.no_grad()
def log_prob_and_its_parts(subject: Subject, point: Point) -> Evaluation:
    """Log p against ``sum_i log psi(z_i) + log|det df/dx|``."""
    x = subject.at(point)[None]
    z, log_det = subject.forward(x)
    prior = latent_log_prob(z, subject.prior_scale)
    log_p = subject.log_probs(x)
    return Evaluation(float(log_p), "==", float(prior + log_det), round_off(subject, log_p, prior, log_det))


CHECK = Check(
    name="change-of-variables",
    order=160,
    statement="log p is the prior's log density of the latents plus the log-determinant",
    source="docs/theory.md, eq. 4",
    cases=points,
    evaluate=log_prob_and_its_parts,
    sides=("log p", "sum log psi(z) + log|det df/dx|"),
)
