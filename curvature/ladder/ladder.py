"""The curvature ladder: predictions of one likelihood gap, from variances alone up to an identity (eq. 21)."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import lazy_loader
import torch

from curvature.ceiling import Ceiling
from curvature.errors import OptionError
from curvature.expansion import expand
from curvature.ladder import registry
from curvature.ladder.evaluation import Progress, RungValues, evaluate_rungs, prepare_rungs
from curvature.ladder.kinks import remark as kinks_remark
from curvature.ladder.kinks import with_kinks
from curvature.ladder.options import GaussianOptions
from curvature.ladder.prediction import RungPrediction, prediction_of
from curvature.ladder.remarks import ceiling_remarks, half_sample_remark, rank_remark
from curvature.ladder.split import GapSplit, can_split, split_gap
from curvature.memory import DEFAULT_MEMORY_BUDGET
from curvature.precision import LogProb
from curvature.preconditions import require_finite, require_several
from curvature.samples import gathered, require_one_scale

if TYPE_CHECKING:
    import pandas as pd

# Imported at first use: only `to_dataframe` needs it.
pandas = lazy_loader.load("pandas")

COLUMNS = ("rung", "kind", "gap", "s.e.", "- measured", "s.e.", "ratio", "sign")


@dataclass(frozen=True, repr=False)
class Ladder:
    """All rungs for one pair of sets; ``ladder["taylor2"]`` finds one, ``print(ladder)`` shows the table.

    Attributes
    ----------
    rungs
        In the order asked for.
    measured
        The measured gap in log p.
    dim
        Number D of dimensions.
    n_q, n_p
        Numbers of samples.
    absent
        Default rungs that are missing, with the reason.
    ceiling
        How much likelier than p anything can be under a constant-volume flow; None for other models.
    no_ceiling
        Why there is none.
    split
        The measured gap in three parts, where the rungs `taylor2` and `gaussian` were evaluated; else None.
    """

    rungs: tuple[RungPrediction, ...]
    measured: RungPrediction
    dim: int
    n_q: int
    n_p: int
    absent: Mapping[str, str] = field(default_factory=dict)
    ceiling: Ceiling | None = None
    no_ceiling: str = ""
    split: GapSplit | None = None

    @classmethod
    def between(cls, q: RungValues, p: RungValues) -> "Ladder":
        """Compare two sets that were evaluated with the same prepared rungs.

        Raises
        ------
        OptionError
            If they were not.
        """
        if q.prepared is not p.prepared:
            raise OptionError("ladder: q and p were evaluated with different prepared rungs; use the same for both")
        rungs = tuple(prediction_of(rung, q, p) for rung, _ in q.prepared.rungs)
        own = (q.measured, p.measured)
        measured = RungPrediction.of("measured", "samples", *own, *own, dim=q.dim, route="log p")
        prepared = q.prepared
        ceiling = None if prepared.highest is None else Ceiling.of(prepared.highest - p.measured, p.dim)
        split = split_gap(q, p) if can_split(q) else None
        return cls(rungs, measured, q.dim, q.count, p.count, prepared.absent, ceiling, prepared.no_ceiling, split)

    def __getitem__(self, name: str) -> RungPrediction:
        for rung in (*self.rungs, self.measured):
            if rung.name == name:
                return rung
        raise KeyError(name)

    def to_dataframe(self) -> "pd.DataFrame":
        """Return one row for each rung, and a last one for the measured gap; gaps and errors in bits per dimension."""
        rows = [{**asdict(rung), "unexplained": rung.unexplained} for rung in (*self.rungs, self.measured)]
        frame: pd.DataFrame = pandas.DataFrame(rows).rename(columns={"name": "rung"}).set_index("rung")
        return frame

    def __repr__(self) -> str:
        names = ", ".join(rung.name for rung in self.rungs)
        gap = f"{self.measured.bits_per_dim:+.4f} +- {self.measured.standard_error:.4f}"
        return f"Ladder(measured {gap} bits/dim; rungs {names}; print it for the table)"

    def __str__(self) -> str:
        rows = [COLUMNS, *self._rows()]
        widths = [max(len(row[k]) for row in rows) for k in range(len(COLUMNS))]
        lines = [self._title()]
        for name, kind, *numbers, sign in rows:
            cells = [f"{number:>{width}}" for number, width in zip(numbers, widths[2:], strict=False)]
            lines.append(" ".join([f"{name:<{widths[0]}} {kind:<{widths[1]}}", *cells, sign]).rstrip())
        return "\n".join([*lines, *self._remarks()])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(name)}</th>" for name in COLUMNS)
        body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in self._rows())
        remarks = "".join(f"<p>{escape(remark)}</p>" for remark in self._remarks())
        return f"<table><caption>{escape(self._title())}</caption><tr>{head}</tr>{body}</table>{remarks}"

    def kinks_remark(self) -> str | None:
        """Say that `path` is not the measured gap, and why as far as the rungs tell; None where it is."""
        return kinks_remark({rung.name: rung for rung in self.rungs}, self.measured.bits_per_dim)

    def remarks_on(self, rung: RungPrediction) -> list[str]:
        """What must be said of a rung that uses moments of all images: too few of them, and what half of them give."""
        found = rank_remark(rung, self.n_q, self.n_p, self.dim), half_sample_remark(rung)
        return [remark for remark in found if remark is not None]

    def _title(self) -> str:
        return (
            f"gap of q (N = {self.n_q}) against p (N = {self.n_p}), bits/dim, D = {self.dim}; negative = q more likely"
        )

    def _rows(self) -> list[tuple[str, ...]]:
        """Cells of the table, as text."""
        rows = []
        for r in self.rungs:
            gap = (f"{r.bits_per_dim:+.4f}{'' if r.converged else '*'}", f"{r.standard_error:.4f}")
            if registry.rung(r.name).is_part:
                rows.append((r.name, r.kind, *gap, "", "", "", "a part"))
                continue
            held = (f"{r.difference:+.4f}", f"{r.difference_standard_error:.4f}", f"{r.ratio:.3g}")
            rows.append((r.name, r.kind, *gap, *held, "sign agrees" if r.sign_agrees else "sign WRONG"))
        m = self.measured
        return [*rows, ("measured", "", f"{m.bits_per_dim:+.4f}", f"{m.standard_error:.4f}", "", "", "", "")]

    def _remarks(self) -> list[str]:
        """Lines under the table: rungs that are missing, and what the mark means."""
        remarks = [f"not shown: {why}" for why in self.absent.values()]
        if any(not rung.converged for rung in self.rungs):
            remarks.append("* the quadrature did not converge: see `nodes` and `unexplained` of the rung")
        remarks += [remark for rung in self.rungs for remark in self.remarks_on(rung)]
        remarks += ceiling_remarks(self.ceiling, self.no_ceiling, self.rungs, self.measured)
        kinks = self.kinks_remark()
        return remarks if kinks is None else [*remarks, kinks]


def curvature_ladder(
    log_prob: LogProb,
    q: Any,
    p: Any,
    at: Any = None,
    nodes: Iterable[int] = (1, 2, 3),
    rungs: Iterable[str] | None = None,
    *,
    mean_curvature_points: int = 8,
    gaussian: GaussianOptions | None = None,
    memory_budget: float = DEFAULT_MEMORY_BUDGET,
    dtype: torch.dtype = torch.float64,
    progress: Progress | None = None,
) -> Ladder:
    """Predict the likelihood gap of q against p on every rung, and measure it, on the same samples.

    For many sets against one p, call `expand` and `prepare_rungs` once, `evaluate_rungs` once for p and for each q, and
    `Ladder.between` for each q.

    Parameters
    ----------
    log_prob
        As for `expand`.
    q, p
        Float samples ``[N, *event]``, at least two each, or iterables of batches as for `Moments.from_samples`.
    at
        Expansion point x0; the mean of p if left out. Standard errors do not include the error of x0.
    nodes
        Numbers of quadrature nodes n, a rung ``path-n`` for each.
    rungs
        Names of the rungs, instead of all: ``published`` (if the model has 1x1 kernels), ``diagonal``, ``full``,
        ``taylor2``, ``mean-curvature``, one ``path-n`` for each of nodes, and the adaptive ``path``, which is the
        measured gap in the limit of many nodes if log p is twice differentiable. Where it is not the measured gap, also
        ``path-gradient``, the integral of the gradient, and ``kinks``, the difference of the two. On request also the
        terms ``gradient`` and ``mean-shift``, which with ``full`` make up ``taylor2``; ``gaussian``, the gap between
        Gaussians with the sets' moments, without any truncation; and ``price``, the same by curvature on the way from
        one Gaussian to the other.
    mean_curvature_points
        How many samples of p the curvature is averaged over for the rung ``mean-curvature``; 0 leaves it out.
    gaussian
        How many draws the rungs ``gaussian`` and ``price`` take.
    memory_budget, dtype
        As for `expand`.
    progress
        Called with the samples done and the samples in all, after every block.

    Raises
    ------
    ToolkitError
        Any that `expand`, `prepare_rungs` and `evaluate_rungs` raise.
    """
    samples = {"p": gathered(p, "p"), "q": gathered(q, "q")}
    for name, x in samples.items():
        require_finite(require_several(x, name), name)
    require_one_scale(**samples)
    total = sum(len(x) for x in samples.values())
    x0 = samples["p"].mean(0, dtype=torch.float64) if at is None else at
    expansion = expand(log_prob, x0, memory_budget=memory_budget, dtype=dtype)
    prepared = prepare_rungs(
        expansion,
        samples["p"],
        rungs,
        nodes,
        mean_curvature_points=mean_curvature_points,
        gaussian=gaussian,
        n_samples=total,
    )
    found: dict[str, RungValues] = {}
    for name, x in samples.items():
        report = None if progress is None else _shifted(progress, sum(each.count for each in found.values()), total)
        found[name] = evaluate_rungs(prepared, x, name=name, progress=report)
    ladder = Ladder.between(found["q"], found["p"])
    if rungs is None and ladder.kinks_remark() is not None:
        found = with_kinks(found, samples)
        ladder = Ladder.between(found["q"], found["p"])
    return ladder


def _shifted(progress: Progress, start: int, total: int) -> Progress:
    """Report the progress of one set as progress over all sets."""

    def report(done: int, _: int) -> None:
        progress(start + done, total)

    return report
