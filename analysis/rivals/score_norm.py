"""Norm of the gradient of log p at the image."""

import torch
from torch import Tensor

from analysis.rivals.score import Score, ScoredImages, ScoreSetting, ScoreValues
from curvature.hessian.operator import HessianOperator


def prepare(setting: ScoreSetting) -> HessianOperator:
    """Return what evaluates log p within the memory budget."""
    return setting.expansion.operator


def evaluate(operator: HessianOperator, images: ScoredImages) -> ScoreValues:
    """``|grad log p(x)|``."""
    x0 = operator.point.x0
    parts = images.events.to(x0).split(operator.samples_at_once)
    return ScoreValues(torch.cat([_gradient(operator, x).flatten(1).norm(dim=1) for x in parts]))


def _gradient(operator: HessianOperator, x: Tensor) -> Tensor:
    x = x.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(operator.point.density(x).sum(), x)
    return gradient


SCORE = Score(
    name="score-norm",
    order=80,
    units="nats per unit of the input",
    higher_means="log p is steeper at the image",
    source="SCOPED, arXiv 2510.01456 (there combined with the trace of the Hessian)",
    needs=("derivatives",),
    prepare=prepare,
    evaluate=evaluate,
    inside_is_higher=False,
)
