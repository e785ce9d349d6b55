"""Trace of the Hessian of log p at the image, by Hutchinson's estimator with draws of its own for each image."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.rivals.score import Score, ScoredImages, ScoreOptions, ScoreSetting, ScoreUnavailableError, ScoreValues
from curvature.hessian.operator import HessianOperator


@dataclass(frozen=True, eq=False)
class Estimator:
    """What evaluates quadratic forms of the Hessian at any image, and the settings of the draws."""

    operator: HessianOperator
    options: ScoreOptions


def prepare(setting: ScoreSetting) -> Estimator:
    """Check that there are enough probes for a standard error.

    Raises
    ------
    ScoreUnavailableError
        If there are not.
    """
    if setting.options.probes < 2:
        raise ScoreUnavailableError(f"needs at least 2 probes for a standard error, got {setting.options.probes}")
    return Estimator(setting.expansion.operator, setting.options)


def evaluate(estimator: Estimator, images: ScoredImages) -> ScoreValues:
    """Mean of ``v'H(x)v`` over random signs v, and its standard error over them."""
    generator = torch.Generator().manual_seed(estimator.options.seed)
    x, probes = images.events.to(estimator.operator.point.x0), estimator.options.probes
    forms = torch.stack([_forms(estimator.operator, x, generator) for _ in range(probes)])
    return ScoreValues(forms.mean(0), forms.std(0) / math.sqrt(probes))


def _forms(operator: HessianOperator, x: Float[Tensor, " N *event"], generator: torch.Generator) -> Float[Tensor, " N"]:
    signs = (torch.randint(0, 2, x.shape, generator=generator) * 2 - 1).to(x)
    size = operator.samples_at_once
    return torch.cat([operator.along(a, v) for a, v in zip(x.split(size), signs.split(size), strict=True)])


SCORE = Score(
    name="hessian-trace",
    order=90,
    units="nats per squared unit of the input",
    higher_means="log p is less curved downwards at the image",
    source="SCOPED, arXiv 2510.01456; Hutchinson 1989, Comm. Stat. Simul. 18, 1059",
    needs=("derivatives",),
    prepare=prepare,
    evaluate=evaluate,
    inside_is_higher=False,
)
