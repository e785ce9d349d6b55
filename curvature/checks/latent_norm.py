"""Check: E|z|^2 = sigma^2 D on the model's own samples."""

import math

import torch

from curvature.checks.engine.cases import Draw, draws
from curvature.checks.engine.check import Check
from curvature.checks.engine.standard_errors import STANDARD_ERRORS
from curvature.checks.engine.subject import BLOCK, Subject
from curvature.property_testing.evaluation import ROUND_OFF, Evaluation


@torch.no_grad()
def mean_square(subject: Subject, case: Draw) -> Evaluation:
    """Mean of ``|z|^2`` over samples, against ``sigma^2 D``."""
    x, variance = subject.samples(case.seed), subject.prior_scale**2
    squares = torch.cat([subject.forward(part)[0].square().flatten(1).sum(1) for part in x.split(BLOCK)])
    error = variance * math.sqrt(2 * subject.dim / len(x))  # of a mean of chi-squared numbers
    expected = variance * subject.dim
    return Evaluation(float(squares.mean()), "==", expected, STANDARD_ERRORS * error + ROUND_OFF * expected)


CHECK = Check(
    name="latent-norm",
    order=260,
    statement="The latents of the model's own samples have E|z|^2 = sigma^2 D",
    source="docs/checks.md, the ceiling; docs/theory.md, eq. 4",
    cases=draws,
    evaluate=mean_square,
    sides=("mean of |z|^2 over the model's samples", "sigma^2 D"),
    examples=3,
)
