"""Hypothesis strategies of toy flows (docs/theory.md, section 2), from single pixels to two levels with squeezes."""

import math
from collections.abc import Sequence
from functools import lru_cache, reduce
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from curvature.claims.engine.drawing.flow_numbers import ONE_PIXEL, Coupling, FlowNumbers, Level, Step
from curvature.claims.engine.drawing.small_numbers import Matrix, eighths, matrices, vectors
from curvature.claims.engine.drawing.toy_flow import ToyFlow

SMOOTH = ("silu", "softplus", "tanh")

# Options of `flows` for the smallest family: at most two channels of one pixel, one step, one hidden unit.
SMALLEST: dict[str, Any] = {
    "channels": (1, 2),
    "sides": (1,),
    "steps": 1,
    "levels": 1,
    "width": 1,
    "always_coupled": True,
}

KERNELS = ("diagonal", "permutation", "orthogonal", "general")

# Rotations with rational entries: (cos, sin).
ROTATIONS = ((0.0, 1.0), (0.6, 0.8), (0.8, 0.6), (5 / 13, 12 / 13), (15 / 17, 8 / 17))

# One pixel, a pixel with its right neighbour, a cross, and a stencil without symmetry.
STENCILS: tuple[Matrix, ...] = (
    ONE_PIXEL,
    ((0.0, 0.0, 0.0), (0.0, 1.0, 1.0), (0.0, 0.0, 0.0)),
    ((0.0, 1.0, 0.0), (1.0, 1.0, 1.0), (0.0, 1.0, 0.0)),
    ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.5, -1.0)),
)


@st.composite
def kernels(draw: DrawFn, channels: int, kind: str = "general") -> Matrix:
    """Draw an invertible 1x1 kernel.

    Parameters
    ----------
    channels
        C.
    kind
        ``diagonal``; ``permutation``, with signs; ``orthogonal``, a product of rational rotations; ``general``, lower
        triangular times diagonal times upper triangular with a few entries off the diagonal.
    """
    identity = torch.eye(channels, dtype=torch.float64)
    if kind == "permutation":
        order = draw(st.permutations(range(channels)))
        signs = draw(vectors(channels, st.sampled_from((1.0, -1.0))))
        return _rows(torch.tensor(signs, dtype=torch.float64)[:, None] * identity[list(order)])
    if kind == "orthogonal":
        planes = st.tuples(_pairs(channels), st.sampled_from(ROTATIONS))
        drawn = draw(st.lists(planes, min_size=1, max_size=3)) if channels > 1 else []
        return _rows(reduce(torch.matmul, (_rotation(channels, *plane) for plane in drawn), identity))
    diagonal = torch.tensor(draw(vectors(channels, _scales()))).double()
    if kind == "diagonal" or channels == 1:
        return _rows(torch.diag(diagonal))
    lower, upper = identity.clone(), identity.clone()
    for (i, j), value in draw(st.lists(st.tuples(_pairs(channels), eighths(nonzero=True)), min_size=1, max_size=4)):
        (lower if i > j else upper)[i, j] = value
    return _rows(lower @ torch.diag(diagonal) @ upper)


@st.composite
def couplings(
    draw: DrawFn, channels: int, activations: Sequence[str] = SMOOTH, width: int = 3, scale: int = 2, side: int = 1
) -> Coupling:
    """Draw an additive coupling of `channels` channels: up to `width` hidden units, weights up to `scale`."""
    split = channels // 2
    n = draw(st.integers(1, width))
    return Coupling(
        activation=draw(st.sampled_from(tuple(activations))),
        first=draw(matrices(n, split, eighths(scale))),
        offset=draw(vectors(n)),
        second=draw(matrices(channels - split, n, eighths(scale))),
        stencil=draw(st.sampled_from(STENCILS)) if side > 1 else ONE_PIXEL,
    )


def flows(**options: Any) -> SearchStrategy[ToyFlow]:
    """Toy flows: constant volume, float64, with `log_prob`, `sample`, `inverse` and every exact route to a trace.

    Parameters
    ----------
    channels, sides
        Numbers of channels and sides of the square images to choose from; (1, 2, 3) and (1, 2, 4).
    steps, levels
        Largest numbers of steps a level and of levels; 3 and 2. Levels squeeze or not.
    kernel_kinds
        Kinds of 1x1 kernels to choose from, see `kernels`.
    activations
        Of the couplings, to choose from; empty for a linear flow.
    width, scale
        Largest number of hidden units and size of the couplings' weights; 3 and 2.
    always_coupled
        Whether every step of two channels or more has a coupling; else half of them.
    prior_scales
        sigma, to choose from.

    Examples
    --------
    >>> from hypothesis import find, settings
    >>> find(flows(), lambda flow: flow.dim == 2, settings=settings(database=None)).numbers.event_shape
    (2, 1, 1)
    """
    return _flow_numbers(**options).map(ToyFlow)


def linear_flows(**options: Any) -> SearchStrategy[ToyFlow]:
    """Toy flows without couplings: Gaussians."""
    return flows(activations=(), **options)


def curved_flows(*, channels: Sequence[int] = (1, 2, 3), **options: Any) -> SearchStrategy[ToyFlow]:
    """Toy flows whose H is not just Gauss-Newton: two channels or more, smooth couplings unless others are named."""
    return flows(**{"activations": SMOOTH, **options}, channels=[C for C in channels if C > 1])


def gentle_flows(**options: Any) -> SearchStrategy[ToyFlow]:
    """Toy flows that a few quadrature nodes resolve: small weights, at most two steps."""
    # ReLU twice as often: claims about smooth log densities may fail on it.
    activations = ("relu", "silu", "softplus", "tanh", "relu")
    return curved_flows(**{"steps": 2, "levels": 1, "scale": 1, "activations": activations, **options})


@st.composite
def _flow_numbers(
    draw: DrawFn,
    *,
    channels: Sequence[int] = (1, 2, 3),
    sides: Sequence[int] = (1, 2, 4),
    steps: int = 3,
    levels: int = 2,
    kernel_kinds: Sequence[str] = KERNELS,
    activations: Sequence[str] = (*SMOOTH, "relu"),
    width: int = 3,
    scale: int = 2,
    always_coupled: bool = False,
    prior_scales: Sequence[float] = (1.0, 0.5, 2.0),
) -> FlowNumbers:
    """Draw the numbers of a flow; see `flows`."""
    # One draw, the fewest dimensions first, so that shrinking ends at the smallest image.
    shapes = sorted(
        ((C, side, side) for C in channels for side in sides), key=lambda shape: (math.prod(shape), shape[1])
    )
    shape = draw(st.sampled_from(shapes))
    C, side, _ = shape
    made: list[Level] = []
    for number in range(draw(st.integers(1, levels)) if side > 1 else 1):
        C = C // 2 if number else C
        squeeze = side > 1 and draw(st.booleans())
        C, side = (4 * C, side // 2) if squeeze else (C, side)
        coupling: SearchStrategy[Coupling | None] = (
            couplings(C, activations, width, scale, side) if C > 1 and activations else st.none()
        )
        if not always_coupled:
            coupling = st.one_of(st.none(), coupling)
        step = st.builds(Step, _kernel_of(C, kernel_kinds), vectors(C), coupling)
        made.append(Level(draw(st.lists(step, min_size=1, max_size=steps).map(tuple)), squeeze))
        if C % 2:  # half of the channels leave, so their number must be even
            break
    return FlowNumbers(shape, tuple(made), draw(st.sampled_from(tuple(prior_scales))))


def _kernel_of(channels: int, kinds: Sequence[str]) -> SearchStrategy[Matrix]:
    return st.sampled_from(tuple(kinds)).flatmap(lambda kind: kernels(channels, kind))


@lru_cache
def _scales() -> SearchStrategy[float]:
    """Entries of diagonals: not near zero, so that kernels stay well conditioned."""
    return eighths(nonzero=True).filter(lambda d: abs(d) >= 0.25)


@lru_cache
def _pairs(channels: int) -> SearchStrategy[tuple[int, int]]:
    """Two different channels."""
    pairs = [(i, j) for i in range(channels) for j in range(channels) if i != j]
    return st.integers(0, len(pairs) - 1).map(pairs.__getitem__)


def _rotation(channels: int, plane: tuple[int, int], angle: tuple[float, float]) -> torch.Tensor:
    (i, j), (cos, sin) = plane, angle
    R = torch.eye(channels, dtype=torch.float64)
    R[i, i], R[i, j], R[j, i], R[j, j] = cos, -sin, sin, cos
    return R


def _rows(matrix: torch.Tensor) -> Matrix:
    # Adding zero turns -0.0 into 0.0.
    return tuple(tuple(row) for row in (matrix + 0.0).tolist())
