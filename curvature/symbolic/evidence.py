"""What a claim computes before it is decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Evidence:
    """Facts about one claim, each computed by sympy.

    Attributes
    ----------
    statement, equation, method
        The claim, its number in docs/theory.md, what was computed.
    proofs
        Facts that together prove the claim.
    refutations
        Facts that together make a counterexample.
    conditions
        Facts that together prove a condition under which the claim holds.
    detail
        The condition or the counterexample.
    latex
        The central expression.
    """

    statement: str
    equation: int
    method: str
    proofs: Mapping[str, bool] = field(default_factory=dict)
    refutations: Mapping[str, bool] = field(default_factory=dict)
    conditions: Mapping[str, bool] = field(default_factory=dict)
    detail: str = ""
    latex: str = ""
