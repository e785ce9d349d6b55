"""Where a claim says that a number lies, and whether a number with its error lies there."""

from dataclasses import dataclass
from math import inf

from analysis.resolution import STANDARD_ERRORS, is_resolved
from curvature.verdict import Verdict


@dataclass(frozen=True)
class Region:
    """An open interval; the claim holds of a number inside it.

    Attributes
    ----------
    low, high
        Its ends; infinite where the claim sets no bound on that side.
    """

    low: float = -inf
    high: float = inf

    def judge(self, effect: float, standard_error: float) -> Verdict:
        """Holds if the effect is inside, refuted if it is outside, each by more than two standard errors.

        A number that is closer than this to an end is not resolved (`analysis.resolution`), and neither is NaN.
        """
        distances = (effect - self.low, self.high - effect)
        if any(distance < 0 and is_resolved(distance, standard_error) for distance in distances):
            return Verdict.REFUTED
        is_inside = all(distance > 0 and is_resolved(distance, standard_error) for distance in distances)
        return Verdict.HOLDS if is_inside else Verdict.NOT_RESOLVED

    def __str__(self) -> str:
        if self.low == -inf:
            return f"< {self.high:g}"
        return f"> {self.low:g}" if self.high == inf else f"{self.low:g} to {self.high:g}"


def interval(effect: float, standard_error: float) -> tuple[float, float]:
    """The confidence interval of 95 %: two standard errors to either side, as everywhere in the toolkit."""
    return effect - STANDARD_ERRORS * standard_error, effect + STANDARD_ERRORS * standard_error


BELOW_ZERO = Region(high=0.0)
ABOVE_ZERO = Region(low=0.0)
