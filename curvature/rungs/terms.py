"""One set seen from a viewpoint: every rung, and log p itself, a sample at a time (docs/theory.md, eqs. 17-20)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import TooFewSamplesError
from curvature.expansion import Expansion
from curvature.preconditions import float_tensor, require_finite, require_shape
from curvature.rungs.adaptive_path import grow_nodes
from curvature.rungs.registry import (
    ADAPTIVE,
    NEEDS_HESSIAN,
    NEEDS_MEAN,
    Block,
    path,
    path_route,
    rung_function,
    rung_route,
)
from curvature.rungs.viewpoint import Viewpoint, look_from

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False, repr=False)
class SampleTerms:
    """Every rung's value, and log p itself, for each sample of one set; two of them make a `Ladder`.

    Attributes
    ----------
    terms
        By rung: one number a sample, in nats. Only differences between two sets' means are predictions.
    routes
        By rung: how it was computed.
    nodes
        By path rung: its number of quadrature nodes.
    measured
        log p of each sample in nats.
    expansion
        What the set was seen from; two sets compare only if it is the same object.
    """

    terms: Mapping[str, Float[Tensor, " N"]]
    routes: Mapping[str, str]
    nodes: Mapping[str, int]
    measured: Float[Tensor, " N"]
    expansion: Expansion

    @property
    def count(self) -> int:
        """Number of samples."""
        return len(self.measured)

    @property
    def dim(self) -> int:
        """Number D of dimensions."""
        return self.expansion.dim

    def __repr__(self) -> str:
        return f"SampleTerms(count={self.count}, dim={self.dim}, rungs={tuple(self.terms)})"


def sample_terms(
    view: Viewpoint | Expansion,
    x: Any,
    nodes: Iterable[int] = (1, 2, 3),
    rungs: Iterable[str] | None = None,
    *,
    name: str = "samples",
    reference: SampleTerms | None = None,
    progress: Progress | None = None,
) -> SampleTerms:
    """Evaluate every rung and log p at each sample of one set.

    The dense Hessian is computed, and kept in the expansion, where it saves work (`diagonal` asked for, or more samples
    than dimensions) and fits the expansion's memory budget.

    Parameters
    ----------
    view
        The viewpoint, or an expansion alone; use the same one for all sets to compare.
    x
        Float samples ``[N, *event]``, at least two.
    nodes, rungs, progress
        As for `curvature_ladder`.
    name
        What to call the set in errors.
    reference
        The terms of p, where x are samples of another set: the adaptive rung `path` then converges to 1 % of the gap.

    Raises
    ------
    DtypeError, ShapeError, NonFiniteError, TooFewSamplesError
        If the samples are not at least two finite float events of the expansion's shape, or a rung is not finite.
    UnknownNameError, OptionError
        If there is no such rung, or the viewpoint lacks what it needs.
    """
    view = look_from(view) if isinstance(view, Expansion) else view
    x = require_samples(float_tensor(x, name), name)
    require_shape(x.shape[1:], view.expansion.event_shape, f"{name}: event shape against the expansion point")
    names = view.rung_names(tuple(nodes)) if rungs is None else tuple(rungs)
    functions = {rung: rung_function(rung) for rung in names if rung != ADAPTIVE}
    if _dense_pays(view.expansion, len(x), names):
        view.expansion.hessian()
    values: dict[str, list[Tensor]] = {rung: [] for rung in ("measured", *functions)}
    done = 0
    for block, rows in _blocks(view, x, bool(NEEDS_MEAN & set(names))):
        values["measured"].append(log_density_of(view.expansion, rows))
        for rung, function in functions.items():
            values[rung].append(function(block))
        done += len(rows)
        if progress is not None:
            progress(done, len(x))
    found = {rung: require_finite(torch.cat(parts), f"{rung} of {name}") for rung, parts in values.items()}
    measured = found.pop("measured")
    routes = {rung: rung_route(rung, view.expansion) for rung in functions}
    counts = {rung: int(rung.removeprefix("path-")) for rung in functions if rung.startswith("path-")}
    if ADAPTIVE in names:
        known = {n: found[rung] for rung, n in counts.items()}
        found[ADAPTIVE], routes[ADAPTIVE], counts[ADAPTIVE] = _adaptive(view, x, known, reference, name)
    return SampleTerms({rung: found[rung] for rung in names}, routes, counts, measured, view.expansion)


@torch.no_grad()
def log_density_of(expansion: Expansion, rows: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
    """Return log p of each sample in nats, through the layers where the model describes them: that is faster."""
    layers = expansion.log_prob.layers
    return expansion.log_prob(rows) if layers is None else layers.log_prob(rows)


def require_samples(x: Tensor, name: str) -> Tensor:
    """Return the samples if they are at least two, and finite.

    Raises
    ------
    TooFewSamplesError, NonFiniteError
        If not.
    """
    n = len(x) if x.ndim else 0
    if n < 2:
        raise TooFewSamplesError(f"{name}: expected at least 2 samples for a standard error, got {n}")
    return require_finite(x, name)


def _blocks(view: Viewpoint, x: Tensor, about_mean: bool) -> Iterator[tuple[Block, Tensor]]:
    """Yield the samples in blocks that fit the memory budget, each with its rows."""
    expansion = view.expansion
    x0 = expansion.at
    m = x.mean(0, dtype=torch.float64).to(x0) - x0
    Hm = torch.cat([Hv for _, Hv in expansion.hessian_blocks(m[None])])[0] if about_mean else torch.zeros_like(m)
    for rows in x.split(expansion.samples_at_once):
        rows = rows.to(x0)
        yield Block(expansion, rows - x0, m, Hm, view.published, view.averaged), rows


def _adaptive(
    view: Viewpoint, x: Tensor, known: Mapping[int, Tensor], reference: SampleTerms | None, name: str
) -> tuple[Tensor, str, int]:
    """Grow the nodes of the rung `path`; its values, route and number of nodes."""

    def values(n: int) -> Tensor:
        if n in known:
            return known[n]
        parts = [path(block, n) for block, _ in _blocks(view, x, about_mean=False)]
        return require_finite(torch.cat(parts), f"path-{n} of {name}")

    mean = None if reference is None else float(reference.terms[ADAPTIVE].mean())
    grown = grow_nodes(values, view.expansion.dim, mean)
    route = path_route(view.expansion, grown.nodes) + ("" if grown.converged else ", not converged")
    return grown.values, route, grown.nodes


def _dense_pays(expansion: Expansion, n: int, names: tuple[str, ...]) -> bool:
    """Whether the dense Hessian is worth its D products and fits in memory."""
    D = expansion.dim
    wanted = bool(NEEDS_HESSIAN & set(names)) and ("diagonal" in names or n > D)
    return wanted and D * D * expansion.at.element_size() <= expansion.memory_budget
