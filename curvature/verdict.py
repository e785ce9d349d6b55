"""The verdicts on a claim, of the theory and about data: the one list of these words."""

from enum import StrEnum


class Verdict(StrEnum):
    """Verdict on a claim.

    Random cases and sympy decide the claims of the theory (`curvature.claims`), measured numbers with their standard
    errors decide the claims about data (`analysis.claims`). The last three are verdicts on claims about data alone.
    """

    HOLDS = "holds"
    REFUTED = "refuted"
    CONDITIONAL = "holds under a condition"
    UNDECIDED = "undecided"
    NOT_APPLICABLE = "not applicable"
    NOT_RESOLVED = "not resolved"
    HOLDS_FOR = "holds for some"
    NO_DATA = "no data"
