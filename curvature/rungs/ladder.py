"""The curvature ladder: one likelihood gap, predicted from variances alone to an identity (docs/theory.md, eq. 21)."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import OptionError
from curvature.expansion import expand
from curvature.memory import DEFAULT_MEMORY_BUDGET
from curvature.precision import LogProb
from curvature.preconditions import float_tensor
from curvature.rungs.terms import Progress, SampleTerms, require_samples, sample_terms
from curvature.rungs.viewpoint import look_from
from curvature.units import gap_bits_per_dim


@dataclass(frozen=True)
class Rung:
    """One prediction of the gap of q against p, or the measured gap itself.

    Attributes
    ----------
    name
        ``diagonal``, ``full``, ``taylor2``, ``path-n`` or ``measured``.
    nats
        ``E_q log p - E_p log p``; positive = q more likely.
    bits_per_dim
        The gap in bits per dimension; negative = q more likely (eq. 3).
    standard_error
        Of `bits_per_dim`, from the samples, for the given x0: no assumption about their distribution (eq. 21).
    route
        How it was computed.
    nodes
        Quadrature nodes that a path rung took for q; None for other rungs.
    difference
        Predicted minus measured, bits per dimension.
    difference_standard_error
        Of `difference`, paired: both are taken on the same samples.
    ratio
        Predicted over measured; NaN where nothing was measured.
    sign_agrees
        Whether the prediction has the sign of the measurement.
    """

    name: str
    nats: float
    bits_per_dim: float
    standard_error: float
    route: str
    nodes: int | None
    difference: float
    difference_standard_error: float
    ratio: float
    sign_agrees: bool


@dataclass(frozen=True)
class Ladder:
    """All rungs for one pair of sets; ``ladder["taylor2"]`` finds one, ``print(ladder)`` shows the table.

    Attributes
    ----------
    rungs
        In the order asked for.
    measured
        The gap in log p itself.
    dim
        Number D of dimensions.
    n_q, n_p
        Numbers of samples.
    """

    rungs: tuple[Rung, ...]
    measured: Rung
    dim: int
    n_q: int
    n_p: int

    @classmethod
    def between(cls, q: SampleTerms, p: SampleTerms) -> "Ladder":
        """Compare two sets seen from the same expansion.

        Raises
        ------
        OptionError
            If they were seen from different expansions or on different rungs.
        """
        if q.expansion is not p.expansion:
            raise OptionError("ladder: q and p come from different expansions; make both from one")
        if tuple(q.terms) != tuple(p.terms):
            raise OptionError(f"ladder: q has the rungs {tuple(q.terms)} and p has {tuple(p.terms)}; use the same")
        rungs = tuple(
            _rung(name, q.routes[name], q.nodes.get(name), q.terms[name], p.terms[name], q, p) for name in q.terms
        )
        measured = _rung("measured", "log p", None, q.measured, p.measured, q, p)
        return cls(rungs, measured, q.dim, q.count, p.count)

    def __getitem__(self, name: str) -> Rung:
        for rung in (*self.rungs, self.measured):
            if rung.name == name:
                return rung
        raise KeyError(name)

    def __str__(self) -> str:
        lines = [
            f"gap of q (N = {self.n_q}) against p (N = {self.n_p}), bits/dim, D = {self.dim}; negative = q more likely",
            f"{'rung':<10} {'gap':>10} {'s.e.':>9} {'- measured':>11} {'s.e.':>9} {'ratio':>9}  sign",
        ]
        for r in (*self.rungs, self.measured):
            line = f"{r.name:<10} {r.bits_per_dim:>+10.4f} {r.standard_error:>9.4f}"
            if r is not self.measured:
                line += f" {r.difference:>+11.4f} {r.difference_standard_error:>9.4f} {r.ratio:>9.3g}"
                line += "  agrees" if r.sign_agrees else "  WRONG"
            lines.append(line)
        return "\n".join(lines)


def curvature_ladder(
    log_prob: LogProb,
    q: Any,
    p: Any,
    at: Any = None,
    nodes: Iterable[int] = (1, 2, 3),
    rungs: Iterable[str] | None = None,
    *,
    mean_curvature_points: int = 8,
    memory_budget: float = DEFAULT_MEMORY_BUDGET,
    dtype: torch.dtype = torch.float64,
    progress: Progress | None = None,
) -> Ladder:
    """Predict the likelihood gap of q against p on every rung, and measure it, on the same samples.

    For many sets against one p, call `expand` and `sample_terms` once for p, and `Ladder.between` for each q.

    Parameters
    ----------
    log_prob
        As for `expand`.
    q, p
        Float samples ``[N, *event]``, at least two each.
    at
        Expansion point x0; the mean of p if left out. The standard errors take it as given.
    nodes
        Numbers of quadrature nodes n, a rung ``path-n`` for each.
    rungs
        Names of the rungs, instead of all: ``published`` (if the model has 1x1 kernels), ``diagonal``, ``full``,
        ``taylor2``, ``mean-curvature``, one ``path-n`` for each of nodes, and the adaptive ``path``. On request also
        the terms ``gradient`` and ``mean-shift``, which with ``full`` make up ``taylor2``.
    mean_curvature_points
        How many samples of p the curvature is averaged over for the rung ``mean-curvature``; 0 leaves it out.
    memory_budget, dtype
        As for `expand`.
    progress
        Called with the samples done and the samples in all, after every block.

    Raises
    ------
    ToolkitError
        Of the kinds that `expand` and `sample_terms` raise.
    """
    samples = {"q": float_tensor(q, "q"), "p": float_tensor(p, "p")}
    total = sum(len(x) for x in samples.values())
    x0 = require_samples(samples["p"], "p").mean(0, dtype=torch.float64) if at is None else at
    expansion = expand(log_prob, x0, memory_budget=memory_budget, dtype=dtype)
    view = look_from(expansion, samples["p"][:mean_curvature_points])
    seen: dict[str, SampleTerms] = {}
    done = 0
    for name in ("p", "q"):
        x = samples[name]
        report = None if progress is None else _shifted(progress, done, total)
        seen[name] = sample_terms(view, x, nodes, rungs, name=name, reference=seen.get("p"), progress=report)
        done += len(x)
    return Ladder.between(seen["q"], seen["p"])


def _rung(
    name: str, route: str, nodes: int | None, q: Tensor, p: Tensor, q_set: SampleTerms, p_set: SampleTerms
) -> Rung:
    """Average one rung over both sets, with its standard errors (eq. 21)."""
    nats, error = _gap(q, p)
    measured, _ = _gap(q_set.measured, p_set.measured)
    difference, difference_error = _gap(q - q_set.measured, p - p_set.measured)
    bits = 1 / (q_set.dim * math.log(2))
    return Rung(
        name=name,
        nats=nats,
        bits_per_dim=gap_bits_per_dim(nats, q_set.dim),
        standard_error=error * bits,
        route=route,
        nodes=nodes,
        difference=-difference * bits,
        difference_standard_error=difference_error * bits,
        ratio=nats / measured if measured else math.nan,
        sign_agrees=(nats > 0) == (measured > 0) and (nats < 0) == (measured < 0),
    )


def _gap(q: Float[Tensor, " N"], p: Float[Tensor, " M"]) -> tuple[float, float]:
    """Difference of means and its standard error, ``sqrt(var_q / N + var_p / M)``."""
    q, p = q.double(), p.double()
    return float(q.mean() - p.mean()), math.sqrt(float(q.var() / len(q) + p.var() / len(p)))


def _shifted(progress: Progress, start: int, total: int) -> Progress:
    """Count one set's samples on from those of the sets before it."""

    def report(done: int, _: int) -> None:
        progress(start + done, total)

    return report
