"""Check: the gradient of log p by reverse mode, by forward mode and by finite differences."""

import torch
from torch.func import jvp

from curvature.checks.engine.cases import Line, lines, spread
from curvature.checks.engine.check import Check
from curvature.checks.engine.derivatives import central_difference, gradients
from curvature.checks.engine.subject import Subject
from curvature.hessian.derivatives import load_forward_mode
from curvature.property_testing.evaluation import Evaluation

RELATIVE = 1e-6


def furthest_route(subject: Subject, case: Line) -> Evaluation:
    """The slope by forward mode and by differences, whichever is further off, against reverse mode."""
    x0 = subject.at(case.point)
    v = case.direction.vector(x0)
    g = gradients(subject.log_prob, x0[None])[0]
    expected = float((g * v).sum())
    load_forward_mode()
    with torch.no_grad():
        forward = float(jvp(subject.log_prob, (x0[None],), (v[None],))[1])
        differences = central_difference(subject.log_probs, x0, v, spread(subject.x))
    allowed = RELATIVE * (float(g.norm()) + 1)
    routes = {forward: allowed, float(differences.value): allowed + 10 * differences.error}
    furthest = max(routes, key=lambda slope: abs(slope - expected) - routes[slope])
    return Evaluation(furthest, "==", expected, routes[furthest])


CHECK = Check(
    name="gradient-routes",
    order=170,
    statement="Reverse mode, forward mode and finite differences give one gradient of log p",
    source="docs/theory.md, eq. 8",
    cases=lines,
    evaluate=furthest_route,
    sides=("slope by the route furthest off", "by reverse mode"),
)
