"""Check: products with the Hessian by the toolkit's route, by two orders of differentiation and by differences."""

import torch

from curvature.checks.engine.cases import Line, lines, spread
from curvature.checks.engine.check import Check
from curvature.checks.engine.derivatives import central_difference, double_reverse, gradients
from curvature.checks.engine.subject import Subject
from curvature.expansion import expand
from curvature.hessian.derivatives import hessian_vector_products
from curvature.property_testing.evaluation import Evaluation

RELATIVE = 1e-6


def furthest_route(subject: Subject, case: Line) -> Evaluation:
    """Largest difference of an entry of ``H v`` from reverse mode over reverse mode, over what the route may be off."""
    x0 = subject.at(case.point)
    v = case.direction.vector(x0)
    expected = double_reverse(subject.log_prob, x0, v)
    forward_over_reverse = next(hessian_vector_products(subject.log_prob, x0, v[None], 1))[0]
    own_route = expand(subject.density, x0).hvp(v)
    differences = central_difference(lambda x: gradients(subject.log_prob, x), x0, v, spread(subject.x))
    allowed = RELATIVE * (1 + float(expected.abs().max()))
    shares = [
        (forward_over_reverse - expected).abs().max() / allowed,
        (own_route - expected).abs().max() / allowed,
        (differences.value - expected).abs().max() / (allowed + 10 * differences.error),
    ]
    return Evaluation(float(torch.stack(shares).max()), "<=", 1.0)


CHECK = Check(
    name="hessian-vector-products",
    order=200,
    statement="Reverse over reverse, forward over reverse, the toolkit's fastest route and differences of the gradient "
    "give one product H v",
    source="docs/theory.md, eqs. 10 and 62",
    cases=lines,
    evaluate=furthest_route,
    sides=("error of H v by the route furthest off", "what round-off explains"),
    examples=8,
)
