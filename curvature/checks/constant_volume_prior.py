"""Check: with constant volume promised, log p depends on x by |z|^2 alone, split priors included."""

import torch

from curvature.checks.engine.cases import Points, pairs
from curvature.checks.engine.check import Check
from curvature.checks.engine.subject import Subject
from curvature.checks.engine.tolerance import round_off
from curvature.property_testing.evaluation import Evaluation


@torch.no_grad()
def rest_of_log_prob(subject: Subject, case: Points) -> Evaluation:
    """``log p + |z|^2 / (2 sigma^2)`` at two points."""
    subject.require_constant_volume()
    x = torch.stack([subject.at(case.first), subject.at(case.second)])
    z, _ = subject.forward(x)
    quadratic = 0.5 * (z / subject.prior_scale).square().flatten(1).sum(1)
    log_p = subject.log_probs(x)
    rest = log_p + quadratic
    return Evaluation(float(rest[1]), "==", float(rest[0]), round_off(subject, log_p, quadratic))


CHECK = Check(
    name="constant-volume-prior",
    order=150,
    statement="Where constant volume is promised, log p + |z|^2 / (2 sigma^2) is the same for every x: no part of the "
    "prior has a location or scale that depends on another part",
    source="docs/theory.md, eqs. 5 and 7",
    cases=pairs,
    evaluate=rest_of_log_prob,
    sides=("log p + |z|^2 / (2 sigma^2) at the second point", "at the first"),
)
