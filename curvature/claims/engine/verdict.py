"""The verdicts on a claim."""

from enum import StrEnum


class Verdict(StrEnum):
    """Verdict on a claim, whether random cases or sympy decided it."""

    HOLDS = "holds"
    REFUTED = "refuted"
    CONDITIONAL = "holds under a condition"
    UNDECIDED = "undecided"
    NOT_APPLICABLE = "not applicable"
