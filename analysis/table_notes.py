"""The text under a table of a comparison: what its marks mean, what is not explained, and which rungs are missing."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.comparison import BOUND_ERROR
from analysis.resolution import is_resolved
from curvature.ladder.refinement import ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE

WRONG_SIGN = "!"
NOT_CONVERGED = "~"
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
    return " ".join(sentences)


def notes(comparison: pd.DataFrame, left_out: Sequence[Omission] = ()) -> list[str]:
    """Lines on input sets that `path` does not explain, on the error of an estimated log p, and on rungs not shown."""
    return [
        *_unexplained(comparison),
        *_bound_errors(comparison),
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
