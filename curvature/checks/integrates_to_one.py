"""Check: in one or two dimensions the density integrates to one, or the mass of 8-bit images sums to one."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.checks.engine.cases import Data, data
from curvature.checks.engine.check import Check
from curvature.checks.engine.subject import Subject
from curvature.not_applicable import NotApplicableError
from curvature.property_testing.evaluation import ROUND_OFF, Evaluation
from curvature.units import LEVELS

LARGEST_DIM = 2
NODES, FAST_NODES = 801, 401
BLOCK = 2**15
# Tails out to this many standard deviations.
REACH = 1e3
FOLLOWED = 0.01


def integral(subject: Subject, case: Data) -> Evaluation:
    """Integral of p over the line or the plane, or sum over all 8-bit images, against one."""
    subject.require_exact()
    subject.require_dim(LARGEST_DIM, "the integral of the density")
    return _sum_over_cells(subject) if subject.is_mass else _integral(subject)


def _sum_over_cells(subject: Subject) -> Evaluation:
    levels = (torch.arange(LEVELS, dtype=subject.x.dtype, device=subject.x.device) + 0.5) / LEVELS
    x = torch.cartesian_prod(*[levels] * subject.dim).reshape(-1, *subject.x.shape[1:])
    return Evaluation(float(subject.log_probs(x, BLOCK).exp().sum()), "==", 1.0, ROUND_OFF)


def _integral(subject: Subject) -> Evaluation:
    """Integral of p over the line or the plane.

    The trapezoid rule in u, with ``x = m + s sinh(u)`` in every coordinate: fine at the middle, far out in the tails.
    Its error is estimated by the rule of every second node.
    """
    centres = _centres(subject)
    middle, deviation = centres.mean(0), centres.std(0).clamp_min(1e-3 * float(centres.std(0).max()) + 1e-12)
    nodes = FAST_NODES if subject.fast and subject.dim > 1 else NODES
    u = torch.linspace(-math.asinh(REACH), math.asinh(REACH), nodes, dtype=middle.dtype, device=middle.device)
    grid = torch.cartesian_prod(*[u] * subject.dim).reshape(-1, subject.dim)
    x = (middle + deviation * grid.sinh()).reshape(-1, *subject.x.shape[1:])
    stretch = (deviation * grid.cosh()).log().sum(1)
    mass = (subject.log_probs(x, BLOCK) + stretch).exp().nan_to_num(0.0).reshape([nodes] * subject.dim)
    cell = float(u[1] - u[0])
    fine = float(mass.sum()) * cell**subject.dim
    coarse = float(mass[tuple([slice(None, None, 2)] * subject.dim)].sum()) * (2 * cell) ** subject.dim
    return Evaluation(fine, "==", 1.0, FOLLOWED + 4 * abs(fine - coarse))


def _centres(subject: Subject) -> Float[Tensor, "n D"]:
    """The model's own samples if it draws any, else the data."""
    try:
        x = subject.samples(0)
    except NotApplicableError:
        x = subject.x
    if len(x) < 2:
        raise NotApplicableError("one event says nothing of where the density lies; pass more")
    return x.flatten(1)


CHECK = Check(
    name="integrates-to-one",
    order=280,
    statement="In one or two dimensions the density integrates to one",
    source="docs/theory.md, eq. 2: bits per dimension are those of a normalised density",
    cases=data,
    evaluate=integral,
    sides=("integral of p", "1"),
    examples=1,
)
