"""The text under a table of a comparison: what its marks mean, what is not explained, and which rungs are missing."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.comparison import BOUND_ERROR
from analysis.resolution import is_impossible, is_resolved
from curvature.ladder.refinement import ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE

WRONG_SIGN = "!"
NOT_CONVERGED = "~"
IMPOSSIBLE = "#"
UNEXPLAINED_ERRORS = 3.0
"""What `path` does not explain of a gap is noted if it exceeds the rung's tolerance and this many standard errors."""

Omission = tuple[str, str]
"""A rung that is not shown, and why."""


def has_not_converged(row: Mapping[str, Any] | pd.Series) -> bool:
    """Whether a row says that its quadrature did not converge; rows without a quadrature do not."""
    # Read from a file with empty cells, the column holds words or objects rather than booleans.
    return str(row.get("converged", "")) == "False"


def legend(comparison: pd.DataFrame) -> str:
    """Say what the numbers and signs of the table of this comparison mean."""
    sentences = [
        "Gaps in bits/dim against the training images (negative = more likely), ± one standard error beneath.",
        f"'{WRONG_SIGN}' marks a prediction with the wrong sign, where both numbers lie two standard errors from zero.",
    ]
    if "kind" in comparison:
        sentences.append(
            "Predicted: from means, covariances and the model alone. Explained: with the images of the set themselves."
        )
    if (comparison["rung"] == "path").any():
        sentences.append("n: the quadrature nodes that `path` took.")
    if any(has_not_converged(row) for _, row in comparison.iterrows()):
        sentences.append(f"'{NOT_CONVERGED}' marks a rung whose quadrature did not converge.")
    if any(is_impossible(row) for _, row in comparison.iterrows()):
        sentences.append(f"'{IMPOSSIBLE}' marks a prediction beyond the ceiling of a constant-volume flow: impossible.")
    return " ".join(sentences)


def notes(comparison: pd.DataFrame, left_out: Sequence[Omission] = ()) -> list[str]:
    """Lines on what `path` leaves, on estimates of log p, the ceiling, moments of too few images, rungs not shown."""
    return [
        *_unexplained(comparison),
        *_bound_errors(comparison),
        *_ceiling(comparison),
        *_half_samples(comparison),
        *_remarks(comparison),
        *(f"{rung}: not shown, {reason}" for rung, reason in left_out),
    ]


def _bound_errors(comparison: pd.DataFrame) -> list[str]:
    if BOUND_ERROR not in comparison:
        return []
    least, most = comparison[BOUND_ERROR].min(), comparison[BOUND_ERROR].max()
    return [f"log p is a bound with frozen draws: others would move it by {least:.3f} to {most:.3f} bits/dim"]


def _unexplained(comparison: pd.DataFrame) -> list[str]:
    if "unexplained" not in comparison:
        return []
    lines = []
    for row in comparison[comparison["rung"] == "path"].to_dict("records"):
        rest, error = float(row["unexplained"]), float(row["unexplained_se"])
        tolerance = max(ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE * abs(row["measured"]))
        if abs(rest) > tolerance and is_resolved(rest, error, UNEXPLAINED_ERRORS):
            amount = f"{rest:+.3f}".replace("-", "−")
            lines.append(f"{row['input_set']}: {amount} ± {error:.3f} bits/dim unexplained (measured minus path)")
    return lines


def _ceiling(comparison: pd.DataFrame) -> list[str]:
    """The ceiling, and which share of it the measured gaps below zero are; or why there is none."""
    if "ceiling" not in comparison:
        return []
    sets = comparison.drop_duplicates(["input_set", "ceiling"])
    if sets["ceiling"].isna().all():
        return [f"No ceiling: {reason}." for reason in sets["no_ceiling"].dropna().unique()]
    if sets["ceiling"].nunique() > 1:
        return []  # rows of several models, or of several steps of one
    first = sets.iloc[0]
    bound = f"−{first['ceiling']:.3f} ± {first['ceiling_se']:.3f} bits/dim"
    lower = sets[sets["measured"] < 0]
    shares = ", ".join(f"{r['input_set']} {-r['measured'] / r['ceiling']:.0%}" for _, r in lower.iterrows())
    measured = f" Measured shares of it: {shares}." if shares else ""
    return [f"Ceiling of a constant-volume flow: no gap lies below {bound}.{measured}"]


def _half_samples(comparison: pd.DataFrame) -> list[str]:
    """Gaps from the moments of half of the images, by rung."""
    if "half_sample" not in comparison:
        return []
    lines = []
    for rung, rows in comparison[comparison["half_sample"].notna()].groupby("rung", sort=False):
        halves = ", ".join(f"{row['input_set']} {row['half_sample']:+.3f}" for _, row in rows.iterrows())
        lines.append(f"{rung} with the moments of half of the images: {halves.replace('-', '−')}.")
    return lines


def _remarks(comparison: pd.DataFrame) -> list[str]:
    """What rows say of themselves, once each."""
    return list(comparison["remark"].dropna().unique()) if "remark" in comparison else []
