"""Check: the inverse undoes the flow, and the flow undoes the inverse (docs/theory.md, eq. 4)."""

import torch

from curvature.checks.engine.cases import Point, points
from curvature.checks.engine.check import Check
from curvature.checks.engine.subject import Subject
from curvature.property_testing.evaluation import Evaluation

# Inverses by bisection stop at six digits, and badly conditioned flows lose some; a wrong inverse loses all of them.
RELATIVE = 1e-5


@torch.no_grad()
def largest_error(subject: Subject, point: Point) -> Evaluation:
    """Largest error of x -> z -> x and of -z -> x -> -z, in units of the input's and the latents' size."""
    x = subject.at(point)[None]
    z, _ = subject.forward(x)
    there_and_back = (subject.inverse(z) - x).abs().max() / (1 + x.abs().max())
    # The mirrored latents are not those of a datum, so that an inverse that knows the data's alone is found out.
    back_and_there = (subject.forward(subject.inverse(-z))[0] + z).abs().max() / (1 + z.abs().max())
    return Evaluation(float(torch.stack([there_and_back, back_and_there]).max()), "==", 0.0, RELATIVE)


CHECK = Check(
    name="inverse-round-trip",
    order=120,
    statement="inverse undoes forward, and forward undoes inverse",
    source="docs/theory.md, eq. 4",
    cases=points,
    evaluate=largest_error,
    sides=("relative error of the round trips", "none"),
)
