"""Check: log p of a sample does not depend on the others in its batch."""

import torch

from curvature.checks.engine.cases import Points, pairs
from curvature.checks.engine.check import Check
from curvature.checks.engine.subject import Subject
from curvature.checks.engine.tolerance import round_off
from curvature.property_testing.evaluation import Evaluation


def together_and_alone(subject: Subject, case: Points) -> Evaluation:
    """Log p of two events evaluated together, in both orders, against that of the first alone."""
    x, y = subject.at(case.first), subject.at(case.second)
    alone = subject.log_probs(x[None])
    together = torch.stack([subject.log_probs(torch.stack([x, y]))[0], subject.log_probs(torch.stack([y, x]))[1]])
    furthest = together[(together - alone).abs().argmax()]
    return Evaluation(float(furthest), "==", float(alone), round_off(subject, alone))


CHECK = Check(
    name="samples-independent",
    order=40,
    statement="log p of a sample does not depend on the other samples of its batch",
    source="docs/theory.md, eq. 21: a batch is differentiated by its sum",
    cases=pairs,
    evaluate=together_and_alone,
    sides=("log p beside another sample", "alone"),
)
