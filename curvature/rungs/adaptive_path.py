"""The rung `path`: quadrature nodes grow until the mean over the samples has converged (docs/theory.md, eq. 20b)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

NODES = (1, 2, 3, 5, 8, 13, 21, 34, 55)
"""Numbers of nodes that are tried, one after the other; nodes are not shared, so they grow by a constant factor."""
RELATIVE_TOLERANCE = 0.01
ABSOLUTE_TOLERANCE = 0.005
"""In bits per dimension."""


@dataclass(frozen=True, eq=False)
class ConvergedPath:
    """What the growing quadrature came to.

    Attributes
    ----------
    values
        ``log p(x0) + g.d + remainder`` of each sample, in nats.
    nodes
        Number of nodes.
    converged
        Whether the last growth moved the mean by less than the tolerance.
    """

    values: Float[Tensor, " N"]
    nodes: int
    converged: bool


def grow_nodes(
    path: Callable[[int], Float[Tensor, " N"]], dim: int, reference_mean: float | None, most_nodes: int = NODES[-1]
) -> ConvergedPath:
    """Add nodes until the mean moves by at most 1 % of the gap or 0.005 bits/dim.

    Parameters
    ----------
    path
        The rung ``path-n`` of every sample, in nats, for a number of nodes n.
    dim
        Number D of dimensions.
    reference_mean
        Mean of the converged rung over p, in nats, for the gap that the relative tolerance refers to; None where p
        itself is computed, which then takes half the absolute tolerance alone.
    most_nodes
        Where to give up.
    """
    absolute = ABSOLUTE_TOLERANCE * dim * math.log(2)
    sizes = [n for n in NODES if n <= most_nodes] or [most_nodes]
    values = path(sizes[0])
    for n in sizes[1:]:
        before, values = values, path(n)
        mean = float(values.mean())
        tolerance = absolute / 2 if reference_mean is None else max(absolute, _share_of_gap(mean, reference_mean))
        if abs(mean - float(before.mean())) <= tolerance:
            return ConvergedPath(values, n, True)
    return ConvergedPath(values, sizes[-1], False)


def _share_of_gap(mean: float, reference_mean: float) -> float:
    return RELATIVE_TOLERANCE * abs(mean - reference_mean)
