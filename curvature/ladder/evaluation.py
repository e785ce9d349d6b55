"""Rungs are prepared once for an expansion, then evaluated on the samples of each set (docs/theory.md, eqs. 17-20)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.ceiling import highest_log_prob
from curvature.expansion import Expansion
from curvature.hessian.dense import worth_writing_out
from curvature.hessian.operator import products
from curvature.ladder.options import GaussianOptions, LadderOptions
from curvature.ladder.registry import require_rungs
from curvature.ladder.rung import Evaluated, Rung, RungUnavailableError, Setting
from curvature.ladder.samples import Block, SampleSet
from curvature.ladder.set_value import SetValue
from curvature.not_applicable import NotApplicableError
from curvature.preconditions import float_tensor, require_finite, require_several, require_shape

Progress = Callable[[int, int], None]

SAMPLES_AT_ONCE = 128
"""Samples that are evaluated together; the adaptive rung judges its convergence on such a block."""


@dataclass(frozen=True, eq=False, repr=False)
class PreparedRungs:
    """An expansion with the state of its rungs, made by `prepare_rungs`; sets to compare must share it.

    Attributes
    ----------
    expansion
        Expansion of log p about x0, with H as a matrix if that saves work.
    rungs
        Available rungs in order, each with its prepared state.
    absent
        Default rungs that are not available, with the reason.
    highest
        Log p of a constant-volume flow where z = 0, in nats; None for other models.
    no_ceiling
        Why there is none.
    """

    expansion: Expansion
    rungs: tuple[tuple[Rung, Any], ...]
    absent: Mapping[str, str]
    highest: float | None = None
    no_ceiling: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class RungValues:
    """Every rung's value, and log p itself, for each sample of one set; two of them make a `Ladder`.

    Attributes
    ----------
    values
        By rung: one number a sample, in nats. Only differences between two sets' means are predictions.
    nodes
        By rung: the number of quadrature nodes; for rungs that have any.
    converged
        By rung: whether its quadrature converged in every block of samples.
    measured
        log p of each sample in nats.
    prepared
        The prepared rungs that they were evaluated with.
    of_set
        By rung: the value of the set as a whole, for rungs whose value is not a mean over the samples.
    """

    values: Mapping[str, Float[Tensor, " N"]]
    nodes: Mapping[str, int]
    converged: Mapping[str, bool]
    measured: Float[Tensor, " N"]
    prepared: PreparedRungs
    of_set: Mapping[str, SetValue] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Number of samples."""
        return len(self.measured)

    @property
    def dim(self) -> int:
        """Number D of dimensions."""
        return self.prepared.expansion.dim

    @property
    def routes(self) -> dict[str, str]:
        """By rung: how it was computed."""
        e = self.prepared.expansion
        return {rung.name: rung.route(e, state, self.nodes.get(rung.name)) for rung, state in self.prepared.rungs}

    def __repr__(self) -> str:
        return f"RungValues(count={self.count}, dim={self.dim}, rungs={(*self.values, *self.of_set)})"


def prepare_rungs(
    expansion: Expansion,
    p: Any,
    rungs: Iterable[str] | None = None,
    nodes: Iterable[int] = (1, 2, 3),
    *,
    mean_curvature_points: int = 8,
    gaussian: GaussianOptions | None = None,
    n_samples: int | None = None,
) -> PreparedRungs:
    """Prepare rungs for an expansion and the training samples that gaps are measured against.

    Parameters
    ----------
    expansion
        Expansion of log p about x0.
    p
        Float samples ``[N, *event]`` of the training distribution, at least two.
    rungs, nodes, mean_curvature_points, gaussian
        As for `curvature_ladder`.
    n_samples
        How many samples will be evaluated in all sets together; the number of samples of p if left out. H is computed
        as a matrix first if that many quadratic forms cost more and the matrix fits the expansion's memory budget.

    Raises
    ------
    DtypeError, ShapeError, NonFiniteError, TooFewSamplesError
        If the samples are not at least two finite float events of the expansion's shape.
    UnknownNameError, OptionError
        If there is no rung of a name, or a rung that was named is not available. Default rungs that are not available
        are recorded in `PreparedRungs.absent` instead.
    """
    p = require_samples(float_tensor(p, "p"), "p", expansion)
    chosen = require_rungs(rungs, nodes)
    n_samples = len(p) if n_samples is None else n_samples
    expansion = _written_out_if_it_pays(expansion, chosen, n_samples)
    options = LadderOptions(tuple(nodes), mean_curvature_points, gaussian or GaussianOptions())
    setting = Setting(expansion, p, options, n_samples)
    prepared, absent = [], {}
    for rung in chosen:
        try:
            prepared.append((rung, rung.prepare(setting)))
        except RungUnavailableError as error:
            if rungs is not None:
                raise
            absent[rung.name] = str(error)
    highest, no_ceiling = _highest(expansion, p)
    return PreparedRungs(expansion, tuple(prepared), absent, highest, no_ceiling)


def evaluate_rungs(
    prepared: PreparedRungs, x: Any, *, name: str = "samples", progress: Progress | None = None
) -> RungValues:
    """Evaluate every rung and log p at each sample of one set.

    Parameters
    ----------
    prepared
        From `prepare_rungs`; use the same one for all sets to compare.
    x
        Float samples ``[N, *event]``, at least two.
    name
        What to call the set in errors.
    progress
        Called with the samples done and the samples in all.

    Raises
    ------
    DtypeError, ShapeError, NonFiniteError, TooFewSamplesError
        If the samples are not at least two finite float events of the expansion's shape, or a rung is not finite.
    """
    x = require_samples(float_tensor(x, name), name, prepared.expansion)
    by_block = [(rung, rung.evaluate, state) for rung, state in prepared.rungs if rung.evaluate is not None]
    by_set = [(rung, rung.evaluate_set, state) for rung, state in prepared.rungs if rung.evaluate_set is not None]
    measured: list[Tensor] = []
    second_order: list[Tensor] = []
    found: dict[str, list[Evaluated]] = {rung.name: [] for rung, _, _ in by_block}
    done = 0
    for block in _blocks(prepared.expansion, x):
        measured.append(require_finite(block.log_p, f"measured of {name}"))
        for rung, evaluate, state in by_block:
            evaluated = evaluate(state, block)
            require_finite(evaluated.values, f"{rung.name} of {name}")
            found[rung.name].append(evaluated)
        if by_set:
            second_order.append(block.second_order)
        done += len(block.d)
        if progress is not None:
            progress(done, len(x))
    whole = SampleSet(prepared.expansion, x, torch.cat(second_order)) if by_set else None
    return RungValues(
        values={rung: torch.cat([part.values for part in parts]) for rung, parts in found.items()},
        nodes={rung: max(n) for rung, parts in found.items() if (n := [p.nodes for p in parts if p.nodes is not None])},
        converged={rung: all(part.converged for part in parts) for rung, parts in found.items()},
        measured=torch.cat(measured),
        prepared=prepared,
        of_set={rung.name: evaluate(state, whole) for rung, evaluate, state in by_set if whole is not None},
    )


def require_samples(x: Tensor, name: str, expansion: Expansion) -> Tensor:
    """Return the samples if they are at least two finite events of the expansion's shape.

    Raises
    ------
    TooFewSamplesError, NonFiniteError, ShapeError
        If not.
    """
    require_several(x, name)
    require_shape(x.shape[1:], expansion.event_shape, f"{name}: event shape against the expansion point")
    return require_finite(x, name)


def _highest(expansion: Expansion, p: Float[Tensor, " N *event"]) -> tuple[float | None, str]:
    """Log p where z = 0, or why there is no such number."""
    try:
        return highest_log_prob(expansion, p[:2]), ""
    except NotApplicableError as error:
        return None, str(error)


def _blocks(expansion: Expansion, x: Float[Tensor, " N *event"]) -> Iterator[Block]:
    """Yield the samples in blocks of about equal size."""
    x0 = expansion.at
    m = x.mean(0, dtype=torch.float64).to(x0) - x0
    (Hm,) = products(expansion.operator, m[None])
    for rows in x.tensor_split(ceil(len(x) / SAMPLES_AT_ONCE)):
        yield Block(expansion, rows.to(x0) - x0, m, Hm)


def _written_out_if_it_pays(expansion: Expansion, rungs: Iterable[Rung], n_samples: int) -> Expansion:
    """Make H a matrix if the quadratic forms of the samples and of the unit vectors cost more than its D products."""
    D, rungs = expansion.dim, tuple(rungs)
    forms = n_samples * any(rung.forms_of_samples for rung in rungs) + D * any(rung.forms_of_units for rung in rungs)
    return replace(expansion, operator=worth_writing_out(expansion.operator, forms))
