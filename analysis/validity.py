"""How far from the expansion point the second-order expansion holds (docs/theory.md, eqs. 52-54).

Data are shrunk towards x0, ``x_t = x0 + t (x - x0)``, and the gap that `taylor2` predicts for them is divided by the
measured one. The ratio tends to 1 as t falls to 0; where it leaves [1/2, 2] the prediction is off by more than a factor
of two.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from analysis.resolution import is_resolved
from curvature.errors import OptionError
from curvature.expansion import Expansion
from curvature.ladder.evaluation import require_samples
from curvature.preconditions import float_tensor, require_finite

GRID = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
LOW, HIGH = 0.5, 2.0

_CURVE = ("t", "predicted", "predicted_se", "measured", "measured_se", "ratio", "ratio_se")

End = Literal["grid", "ratio", "undefined"]


@dataclass(frozen=True)
class Validity:
    """Predicted over measured gap of shrunken data, and the radius within which it stays in [1/2, 2].

    Attributes
    ----------
    input_set
        Name of the data.
    against
        ``expansion point``: the gap is ``E log p(x_t) - log p(x0)``; otherwise the name of the set, shrunk by the same
        t, that q is measured against.
    t
        Contrasts towards x0, in ascending order.
    predicted, measured
        Gaps in bits per dimension, negative = more likely than the reference.
    predicted_se, measured_se
        Their standard errors.
    ratio
        Predicted over measured; NaN where the measured gap is not resolved, because a ratio to zero is undefined.
    ratio_se
        Its paired standard error: both gaps are taken on the same samples.
    radius
        Largest t up to which the ratio stays in [1/2, 2]; 0 if it is outside, or undefined, at the smallest t.
    end
        Why it ends there: ``ratio``: it leaves the band; ``grid``: it does not, up to the largest t asked for;
        ``undefined``: the next ratio on the grid is undefined, so the true radius may be larger.
    n_q, n_p
        Numbers of samples; n_p is 0 against the expansion point.
    """

    input_set: str
    against: str
    t: tuple[float, ...]
    predicted: tuple[float, ...]
    predicted_se: tuple[float, ...]
    measured: tuple[float, ...]
    measured_se: tuple[float, ...]
    ratio: tuple[float, ...]
    ratio_se: tuple[float, ...]
    radius: float
    end: End
    n_q: int
    n_p: int

    def frame(self) -> pd.DataFrame:
        """Tidy rows, one for each t; radius and end are repeated in every row."""
        table = pd.DataFrame({name: getattr(self, name) for name in _CURVE})
        table.insert(0, "input_set", self.input_set)
        table.insert(1, "against", self.against)
        return table.assign(radius=self.radius, end=self.end, n_q=self.n_q, n_p=self.n_p)

    def __str__(self) -> str:
        says = {
            "grid": f"at least {self.radius:g}, the end of the grid",
            "ratio": f"{self.radius:.3g}",
            "undefined": f"at least {self.radius:.3g}; beyond, the measured gap cannot be told from zero",
        }
        lines = [f"{self.input_set} against {self.against}: radius of validity {says[self.end]}"]
        lines.append(f"{'t':>6} {'predicted':>11} {'measured':>11} {'ratio':>9} {'s.e.':>9}")
        for row in self.frame().to_dict("records"):
            lines.append(
                f"{row['t']:>6.3g} {row['predicted']:>+11.5f} {row['measured']:>+11.5f}"
                f" {row['ratio']:>9.4f} {row['ratio_se']:>9.4f}"
            )
        return "\n".join(lines)


def curves_of(rows: pd.DataFrame) -> list[Validity]:
    """Read the rows that `Validity.frame` made, of any number of sets."""
    return [
        Validity(
            input_set=str(input_set),
            against=str(against),
            **{name: tuple(table[name]) for name in _CURVE},
            radius=float(table["radius"].iloc[0]),
            end=table["end"].iloc[0],
            n_q=int(table["n_q"].iloc[0]),
            n_p=int(table["n_p"].iloc[0]),
        )
        for (input_set, against), table in rows.groupby(["input_set", "against"], sort=False)
    ]


def validity(
    expansion: Expansion,
    q: Any,
    p: Any = None,
    t: Iterable[float] = GRID,
    *,
    input_set: str = "q",
    against: str | None = None,
) -> Validity:
    """Measure the gap of shrunken data, predict it to second order, and find the radius of validity.

    Parameters
    ----------
    expansion
        Expansion of log p about x0.
    q
        Float samples ``[N, *event]``, at least two.
    p
        Samples of the reference, shrunk by the same t. If left out, the reference is x0 itself. The gap is then of
        order t, or t^2 where the gradient drops out, and never a difference of two nearly equal means, so that the
        radius describes this set alone.
    t
        Contrasts to try, positive; the radius is found to the resolution of this grid, then by interpolation.
    input_set, against
        Names for the table.

    Raises
    ------
    OptionError
        If t is not a grid of positive numbers.
    ToolkitError
        If the samples are not at least two finite float events of the expansion's shape.
    """
    grid = tuple(sorted({float(value) for value in t}))
    if not grid or not (grid[0] > 0 and math.isfinite(grid[-1])):
        raise OptionError(f"t: expected positive contrasts, got {grid}")
    sets = [_shrunken(expansion, q, grid, input_set)]
    if p is not None:
        sets.append(_shrunken(expansion, p, grid, against or "p"))
    predicted, predicted_se = _gap([a for a, _ in sets], expansion.dim)
    measured, measured_se = _gap([b for _, b in sets], expansion.dim)
    resolved = [is_resolved(m, se) for m, se in zip(measured, measured_se, strict=True)]
    ratio = tuple(a / b if known else math.nan for a, b, known in zip(predicted, measured, resolved, strict=True))
    # Delta method: the error of a / b is that of the mean of (a_i - ratio b_i), over b.
    R = torch.tensor(ratio, dtype=torch.float64)[:, None]
    _, residual_se = _gap([a - R.to(a) * b for a, b in sets], expansion.dim)
    ratio_se = tuple(
        se / abs(b) if known else math.nan for se, b, known in zip(residual_se, measured, resolved, strict=True)
    )
    radius, end = radius_of_validity(grid, predicted, measured, ratio)
    return Validity(
        input_set=input_set,
        against="expansion point" if p is None else against or "p",
        t=grid,
        predicted=predicted,
        predicted_se=predicted_se,
        measured=measured,
        measured_se=measured_se,
        ratio=ratio,
        ratio_se=ratio_se,
        radius=radius,
        end=end,
        n_q=sets[0][0].shape[1],
        n_p=sets[1][0].shape[1] if p is not None else 0,
    )


def radius_of_validity(
    t: tuple[float, ...], predicted: tuple[float, ...], measured: tuple[float, ...], ratio: tuple[float, ...]
) -> tuple[float, End]:
    """Largest t up to which the ratio stays in [1/2, 2], and why it ends there.

    Undefined ratios before the first defined one are ignored, since the ratio tends to 1 as t falls to 0; an undefined
    one after it ends the search. The first grid point outside and the one before it bracket the exit. In between,
    predicted - 2 measured and predicted - measured / 2, each over t, are interpolated linearly, and the earlier zero is
    taken: unlike the ratio they stay finite where the measured gap passes through zero.
    """
    defined = [k for k, value in enumerate(ratio) if not math.isnan(value)]
    if not defined:
        return 0.0, "undefined"
    for k in range(defined[0], len(t)):
        if math.isnan(ratio[k]):
            return t[k - 1], "undefined"
        if not LOW <= ratio[k] <= HIGH:
            return (0.0 if k == defined[0] else _exit(t, predicted, measured, k)), "ratio"
    return t[-1], "grid"


def _exit(t: tuple[float, ...], predicted: tuple[float, ...], measured: tuple[float, ...], k: int) -> float:
    """Where between the grid points k - 1, inside the band, and k, outside, the ratio leaves it."""
    crossings = []
    for bound in (LOW, HIGH):
        before, after = ((predicted[i] - bound * measured[i]) / t[i] for i in (k - 1, k))
        if before * after <= 0 and before != after:
            crossings.append(t[k - 1] + (t[k] - t[k - 1]) * before / (before - after))
    return min(crossings)


def _shrunken(
    expansion: Expansion, x: Any, grid: tuple[float, ...], name: str
) -> tuple[Float[Tensor, "T N"], Float[Tensor, "T N"]]:
    """Predicted and measured ``log p(x_t) - log p(x0)`` in nats for every t and sample."""
    x = require_samples(float_tensor(x, name), name, expansion)
    x0, g = expansion.at, expansion.gradient
    predicted, measured = [], []
    for rows in x.split(expansion.operator.samples_at_once):
        d = rows.to(x0) - x0
        slope, form = (d * g).reshape(len(d), -1).sum(1), expansion.quadratic(d)
        predicted.append(torch.stack([t * slope + t * t / 2 * form for t in grid]))
        with torch.no_grad():
            measured.append(torch.stack([expansion.log_prob(x0 + t * d) - expansion.value for t in grid]))
    return torch.cat(predicted, 1), require_finite(torch.cat(measured, 1), f"log p of shrunken {name}")


def _gap(sets: list[Float[Tensor, "T N"]], dim: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Gap in bits/dim of the first set against the second, if there is one, and its standard error (eq. 21)."""
    mean = sets[0].mean(1) - (sets[1].mean(1) if len(sets) > 1 else 0)
    variance = sum((s.var(1) / s.shape[1] for s in sets), torch.zeros_like(mean))
    bits = 1 / (dim * math.log(2))
    return tuple(-bits * nats for nats in mean.tolist()), tuple(bits * se for se in variance.sqrt().tolist())
