"""One set seen from an expansion: every rung, and log p itself, a sample at a time (docs/theory.md, eqs. 17-20)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import TooFewSamplesError
from curvature.expansion import Expansion
from curvature.preconditions import float_tensor, require_finite, require_shape
from curvature.rungs import NEEDS_HESSIAN, Block, rung_function, rung_names, rung_route

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
    measured
        log p of each sample in nats.
    expansion
        What the set was seen from; two sets compare only if it is the same object.
    """

    terms: Mapping[str, Float[Tensor, " N"]]
    routes: Mapping[str, str]
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
    expansion: Expansion,
    x: Any,
    nodes: Iterable[int] = (1, 2, 3),
    rungs: Iterable[str] | None = None,
    *,
    name: str = "samples",
    progress: Progress | None = None,
) -> SampleTerms:
    """Evaluate every rung and log p at each sample of one set.

    The dense Hessian is computed, and kept in the expansion, where it saves work (`diagonal` asked for, or more samples
    than dimensions) and fits the expansion's memory budget.

    Parameters
    ----------
    expansion
        Expansion of log p; use the same one for all sets to compare.
    x
        Float samples ``[N, *event]``, at least two.
    nodes, rungs, progress
        As for `curvature_ladder`.
    name
        What to call the set in errors.

    Raises
    ------
    DtypeError, ShapeError, NonFiniteError, TooFewSamplesError
        If the samples are not at least two finite float events of the expansion's shape, or a rung is not finite.
    UnknownNameError
        If there is no such rung.
    """
    x = require_samples(float_tensor(x, name), name)
    require_shape(x.shape[1:], expansion.event_shape, f"{name}: event shape against the expansion point")
    names = rung_names(nodes) if rungs is None else tuple(rungs)
    functions = {rung: rung_function(rung) for rung in names}
    x0 = expansion.at
    if _dense_pays(expansion, len(x), names):
        expansion.hessian()
    m = x.mean(0, dtype=torch.float64).to(x0) - x0
    Hm = torch.zeros_like(m) if "full" not in names else torch.cat([v for _, v in expansion.hessian_blocks(m[None])])[0]
    values: dict[str, list[Tensor]] = {rung: [] for rung in ("measured", *names)}
    done = 0
    for rows in x.split(expansion.samples_at_once):
        rows = rows.to(x0)
        block = Block(expansion, rows - x0, m, Hm)
        values["measured"].append(log_density_of(expansion, rows))
        for rung, function in functions.items():
            values[rung].append(function(block))
        done += len(rows)
        if progress is not None:
            progress(done, len(x))
    found = {rung: require_finite(torch.cat(parts), f"{rung} of {name}") for rung, parts in values.items()}
    routes = {rung: rung_route(rung, expansion) for rung in names}
    return SampleTerms({rung: found[rung] for rung in names}, routes, found["measured"], expansion)


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


def _dense_pays(expansion: Expansion, n: int, names: tuple[str, ...]) -> bool:
    """Whether the dense Hessian is worth its D products and fits in memory."""
    D = expansion.dim
    wanted = bool(NEEDS_HESSIAN & set(names)) and ("diagonal" in names or n > D)
    return wanted and D * D * expansion.at.element_size() <= expansion.memory_budget
