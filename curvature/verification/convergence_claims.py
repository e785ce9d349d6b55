"""Claims about limits: the path rung as its nodes grow, and the expansion as data shrink towards x0."""

from typing import Any

import torch

from curvature.rungs.terms import sample_terms
from curvature.verification.cases import Models, WithDirection, with_direction
from curvature.verification.claim import Claim, Condition, Evaluation
from curvature.verification.flow_strategies import bending_flows
from curvature.verification.toy_flow import ToyFlow

NODES = (4, 32)
CONVERGED = 1e-3
SHRINKAGES = (1.0, 0.25, 0.0625)
GRID = 33
ROUND_OFF = 1e-9


def error_of_path(case: WithDirection) -> Evaluation:
    """Error of ``path-n`` for log p at x0 + d, nodes added until it is a small fraction of the curvature on the way."""
    expansion, samples = case.expansion, torch.stack([case.point() + case.event(case.d), case.point()])
    allowed = CONVERGED * largest_derivative(case, 2) / 2
    errors = []
    for n in NODES:
        terms = sample_terms(expansion, samples, rungs=(f"path-{n}",))
        errors.append(abs(float(terms.terms[f"path-{n}"][0] - terms.measured[0])))
        if errors[-1] <= allowed:
            break
    scale = abs(expansion.value) + float(terms.measured.abs().max()) + float(expansion.gradient.abs().sum())
    return Evaluation(min(errors), "<=", allowed, ROUND_OFF * scale)


def remainder_of_taylor2(case: WithDirection) -> Evaluation:
    """``|taylor2 - measured| / t^3`` at the worst t, against Taylor's bound, ``max |phi'''| / 6`` with phi along d."""
    expansion, d = case.expansion, case.event(case.d)
    x0 = case.point()
    worst, tolerance = 0.0, 0.0
    for t in SHRINKAGES:
        terms = sample_terms(expansion, torch.stack([x0 + t * d, x0]), rungs=("taylor2",))
        measured = float(terms.measured[0])
        worst = max(worst, abs(float(terms.terms["taylor2"][0]) - measured) / t**3)
        tolerance = max(tolerance, 1e-13 * (abs(measured) + abs(expansion.value) + 1) / t**3)
    bound = largest_derivative(case, 3) / 6
    return Evaluation(worst, "<=", bound, tolerance + 0.05 * bound)


def largest_derivative(case: WithDirection, order: int) -> float:
    """Largest ``|phi^(order)(s)|`` on a grid of [0, 1], phi(s) = log p(x0 + s d), by reverse mode so many times."""
    s = torch.linspace(0, 1, GRID, dtype=torch.float64).requires_grad_()
    d = case.event(case.d)
    derivative = case.model.log_prob(case.point() + s.reshape(-1, *[1] * d.ndim) * d)
    for _ in range(order):
        # Every point has its own s, so the gradient of the sum is each one's derivative.
        if not derivative.requires_grad:
            return 0.0
        (derivative,) = torch.autograd.grad(derivative.sum(), s, create_graph=True, materialize_grads=True)
    return float(derivative.detach().abs().max())


def is_smooth(case: WithDirection) -> bool:
    """Whether no coupling has a kink; a density that is no toy flow is taken to be smooth."""
    flow = case.model
    if not isinstance(flow, ToyFlow):
        return True
    steps = [step for level in flow.numbers.levels for step in level.steps]
    return all(step.coupling is None or step.coupling.activation != "relu" for step in steps)


def gentle_flows(**options: Any) -> Models:
    """Flows whose couplings bend over lengths that a few nodes resolve: small weights, at most two steps a level."""
    # ReLU twice: it is what the claims may fail on.
    activations = ("relu", "silu", "softplus", "tanh", "relu")
    return bending_flows(**{"steps": 2, "levels": 1, "scale": 1, "activations": activations, **options})


SMOOTH = Condition("smooth couplings, no ReLU", meets=is_smooth)

CLAIMS = (
    Claim(
        name="path-converges",
        statement="The rung path-n converges to the measured gap as its nodes grow",
        equations="20",
        method="convergence",
        cases=with_direction,
        evaluate=error_of_path,
        sides=(f"least error of path-n, n in {NODES}", f"{CONVERGED:g} of max |phi''| / 2 along the path"),
        essential=True,
        condition=SMOOTH,
        proof="curvature along the path",
        models=gentle_flows,
        any_density=True,
    ),
    Claim(
        name="remainder-cubic",
        statement="Shrinking data towards x0 by t leaves an error of t^3, so O(t) in taylor2 / measured",
        equations="19, 52, 53",
        method="convergence",
        cases=with_direction,
        evaluate=remainder_of_taylor2,
        sides=(f"|taylor2 - measured| / t^3, worst of t in {SHRINKAGES}", "max |phi'''| / 6 along the path"),
        essential=True,
        condition=SMOOTH,
        proof="cubic remainder",
        models=gentle_flows,
        any_density=True,
    ),
)
