"""Check: an initialised model has one log p, in evaluation mode and in training mode."""

import torch

from curvature.checks.engine.cases import Points, pairs
from curvature.checks.engine.check import Check
from curvature.checks.engine.subject import Subject
from curvature.checks.engine.tolerance import round_off
from curvature.property_testing.evaluation import Evaluation


@torch.no_grad()
def training_and_evaluation(subject: Subject, case: Points) -> Evaluation:
    """Log p in training mode, of two events, against evaluation mode."""
    x = torch.stack([subject.at(case.first), subject.at(case.second)])
    training = subject.log_prob_of(subject.copied().train(), x)
    evaluation = subject.log_probs(x)
    furthest = int((training - evaluation).abs().argmax())
    tolerance = round_off(subject, evaluation)
    return Evaluation(float(training[furthest]), "==", float(evaluation[furthest]), tolerance)


CHECK = Check(
    name="evaluation-equals-training",
    order=90,
    statement="Once initialised, the model has the same log p in evaluation mode as in training mode",
    source="docs/theory.md, eq. 4: what is trained and what is expanded is one density",
    cases=pairs,
    evaluate=training_and_evaluation,
    sides=("log p in training mode", "in evaluation mode"),
)
