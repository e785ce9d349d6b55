"""Check: the dense Hessian by the toolkit's route, by two orders of differentiation, and its symmetry."""

import torch

from curvature.checks.engine.cases import Point, points
from curvature.checks.engine.check import Check
from curvature.checks.engine.derivatives import gradients, jacobian
from curvature.checks.engine.subject import Subject
from curvature.expansion import expand
from curvature.hessian.derivatives import hessian_vector_products
from curvature.property_testing.evaluation import Evaluation

LARGEST_DIM, FAST_LARGEST_DIM = 128, 32
CHUNK = 16
RELATIVE = 1e-7


def furthest_route(subject: Subject, point: Point) -> Evaluation:
    """Largest difference of an entry of H from reverse mode over reverse mode."""
    subject.require_dim(FAST_LARGEST_DIM if subject.fast else LARGEST_DIM, "the dense Hessian")
    x0 = subject.at(point)
    shape = (subject.dim, subject.dim)
    expected = jacobian(lambda x: _gradient_with_graph(subject, x), x0)
    unit_vectors = torch.eye(subject.dim, dtype=x0.dtype, device=x0.device).reshape(-1, *x0.shape)
    other = torch.cat(list(hessian_vector_products(subject.log_prob, x0, unit_vectors, CHUNK))).reshape(shape)
    own = expand(subject.density, x0).hessian()
    errors = [other - expected, own - expected, expected - expected.T]
    allowed = RELATIVE * (1 + float(expected.abs().max()) + float(gradients(subject.log_prob, x0[None]).abs().max()))
    return Evaluation(max(float(error.abs().max()) for error in errors), "==", 0.0, allowed)


def _gradient_with_graph(subject: Subject, x: torch.Tensor) -> torch.Tensor:
    (g,) = torch.autograd.grad(subject.log_prob(x).sum(), x, create_graph=True)
    # A linear log p has a gradient without a graph.
    return g if g.requires_grad else g + 0 * x


CHECK = Check(
    name="hessian-routes",
    order=210,
    statement="Reverse over reverse, forward over reverse and the toolkit's fastest route give one symmetric Hessian",
    source="docs/theory.md, eqs. 7 and 60",
    cases=points,
    evaluate=furthest_route,
    sides=("largest difference of an entry of H between routes", "none"),
    examples=4,
)
