"""Check: the model leaves its inputs as they are."""

from curvature.checks.engine.cases import Point, points
from curvature.checks.engine.check import Check
from curvature.checks.engine.subject import Subject
from curvature.flow_parts import forward, inverse
from curvature.not_applicable import NotApplicableError
from curvature.property_testing.evaluation import Evaluation


def largest_change(subject: Subject, point: Point) -> Evaluation:
    """Largest change of an input by log_prob, and by forward and inverse where there are any."""
    x = subject.at(point)[None]
    before = x.clone()
    subject.density(x)
    change = (x - before).abs().max()
    try:
        z = forward(subject.model, before.clone())[0].detach()
        forward(subject.model, x)
        latents = z.clone()
        inverse(subject.model, latents, subject.x)
        change = max(change, (x - before).abs().max(), (latents - z).abs().max())
    except NotApplicableError:
        pass
    return Evaluation(float(change), "==", 0.0)


CHECK = Check(
    name="input-unchanged",
    order=20,
    statement="log_prob, forward and inverse leave their inputs as they are",
    source="docs/theory.md, eq. 20: one x0 is evaluated many times",
    cases=points,
    evaluate=largest_change,
    sides=("largest change of an input", "none"),
)
