"""Check: Stein's identity on the model's own samples (docs/theory.md, eq. 23)."""

import torch

from curvature.checks.engine.cases import Draw, draws
from curvature.checks.engine.check import Check
from curvature.checks.engine.derivatives import gradients
from curvature.checks.engine.standard_errors import sampling_error
from curvature.checks.engine.subject import BLOCK, Subject
from curvature.not_applicable import NotApplicableError
from curvature.property_testing.evaluation import ROUND_OFF, Evaluation


def mean_over_samples(subject: Subject, case: Draw) -> Evaluation:
    """Mean of ``(x - a)'grad log p(x)`` over samples of the model, against -D."""
    subject.require_exact()
    if subject.is_mass:
        raise NotApplicableError("log p is that of a probability mass: its samples are cells, not points of a density")
    x, a = subject.samples(case.seed), subject.at(case.point)
    g = torch.cat([gradients(subject.log_prob, part) for part in x.split(BLOCK)])
    values = ((x - a) * g).flatten(1).sum(1)
    return Evaluation(float(values.mean()), "==", -float(subject.dim), sampling_error(values) + ROUND_OFF)


CHECK = Check(
    name="stein",
    order=250,
    statement="On the model's own samples (x - a)'grad log p averages to -D, for any a",
    source="docs/theory.md, eq. 23",
    cases=draws,
    evaluate=mean_over_samples,
    sides=("mean of (x - a)'grad log p over the model's samples", "-D"),
    examples=3,
)
