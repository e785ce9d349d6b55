"""Check: under constant volume no event is likelier than the ceiling allows (docs/checks.md, the ceiling)."""

import math

import torch

from curvature.ceiling import Ceiling, latent_energies
from curvature.checks.engine.cases import Point, points
from curvature.checks.engine.check import Check
from curvature.checks.engine.subject import BLOCK, Subject
from curvature.checks.engine.tolerance import round_off
from curvature.property_testing.evaluation import Evaluation


@torch.no_grad()
def gap_and_ceiling(subject: Subject, point: Point) -> Evaluation:
    """Gap of one event against the data, against ``-E|z|^2 / (2 sigma^2 D ln 2)``, in bits/dim."""
    energies = torch.cat([latent_energies(subject.model, part.clone()) for part in subject.x.split(BLOCK)])
    ceiling = Ceiling.of(energies, subject.dim).bits_per_dim
    x, unit = subject.at(point)[None], subject.dim * math.log(2)
    log_p, of_data = subject.log_probs(x), subject.log_probs(subject.x)
    gap = -float(log_p - of_data.mean()) / unit
    return Evaluation(gap, ">=", -ceiling, round_off(subject, log_p, of_data) / unit)


CHECK = Check(
    name="ceiling",
    order=310,
    statement="Where constant volume is promised, no event is more likely than the data by more than "
    "E|z|^2 / (2 sigma^2 D ln 2) bits/dim",
    source="docs/checks.md, the ceiling; docs/theory.md, eq. 87",
    cases=points,
    evaluate=gap_and_ceiling,
    sides=("gap of an event against the data, bits/dim", "minus the ceiling"),
)
