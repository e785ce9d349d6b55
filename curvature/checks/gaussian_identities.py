"""Check: where log p is quadratic, it is the Gaussian's that its own curvature makes (docs/theory.md, eq. 22)."""

import math

import torch

from curvature.checks.engine.cases import Point, points
from curvature.checks.engine.check import Check
from curvature.checks.engine.derivatives import gradients
from curvature.checks.engine.quadratic import precision_of_gaussian
from curvature.checks.engine.subject import Subject
from curvature.property_testing.evaluation import Evaluation

RELATIVE = 1e-6


def log_prob_and_closed_form(subject: Subject, point: Point) -> Evaluation:
    """``log p(x)`` against ``1/2 log det(P / 2 pi) - 1/2 g'P^{-1}g`` with P = -H."""
    P = precision_of_gaussian(subject)
    x = subject.at(point)[None]
    g = gradients(subject.log_prob, x).flatten()
    log_volume = float(torch.linalg.slogdet(P / (2 * math.pi)).logabsdet) / 2
    mahalanobis = float(g @ torch.linalg.solve(P, g)) / 2
    tolerance = RELATIVE * (subject.dim + abs(log_volume) + mahalanobis)
    return Evaluation(float(subject.log_probs(x)), "==", log_volume - mahalanobis, tolerance)


CHECK = Check(
    name="gaussian-identities",
    order=230,
    statement="A quadratic log p is that of N(m, S) with S = -H^{-1} and m = x0 + S g, its constant included",
    source="docs/theory.md, eq. 22",
    cases=points,
    evaluate=log_prob_and_closed_form,
    sides=("log p", "the Gaussian of this gradient and Hessian"),
    examples=6,
)
