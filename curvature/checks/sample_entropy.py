"""Check: log p of the model's own samples averages to minus its entropy, where that is known."""

import math

import torch

from curvature.checks.engine.cases import Draw, draws
from curvature.checks.engine.check import Check
from curvature.checks.engine.standard_errors import STANDARD_ERRORS, sampling_error
from curvature.checks.engine.subject import BLOCK, Subject
from curvature.checks.engine.tolerance import round_off
from curvature.property_testing.evaluation import Evaluation


@torch.no_grad()
def mean_log_prob(subject: Subject, case: Draw) -> Evaluation:
    """Mean log p over samples, against minus the entropy ``D/2 log(2 pi e sigma^2) - E log|det df/dx|``.

    A density that states its entropy, as `torch.distributions` do, is held against that.
    """
    x = subject.samples(case.seed)
    log_p = subject.log_probs(x)
    entropy = getattr(subject.model, "entropy", None)
    if callable(entropy):
        return Evaluation(float(log_p.mean()), "==", -float(torch.as_tensor(entropy()).sum()), sampling_error(log_p))
    log_det = torch.cat([subject.forward(part)[1] for part in x.split(BLOCK)])
    of_prior = subject.dim / 2 * math.log(2 * math.pi * math.e * subject.prior_scale**2)
    # Sample by sample log p - log|det| is a constant minus half a chi-squared number: of variance D/2.
    error = STANDARD_ERRORS * math.sqrt(subject.dim / 2 / len(x))
    return Evaluation(float(log_p.mean()), "==", float(log_det.mean()) - of_prior, error + round_off(subject, log_p))


CHECK = Check(
    name="sample-entropy",
    order=270,
    statement="log p of the model's own samples averages to minus its entropy",
    source="docs/theory.md, eq. 4; docs/checks.md, the ceiling: the standard deviation is sqrt(D/2) nats",
    cases=draws,
    evaluate=mean_log_prob,
    sides=("mean log p of the model's samples", "minus the entropy"),
    examples=3,
)
