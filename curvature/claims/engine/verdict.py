"""What can come of a claim."""

from enum import StrEnum


class Verdict(StrEnum):
    """What came of a claim, whether random cases or sympy decided it."""

    HOLDS = "holds"
    REFUTED = "refuted"
    CONDITIONAL = "holds under a condition"
    UNDECIDED = "undecided"
