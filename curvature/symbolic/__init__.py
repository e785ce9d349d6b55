"""The expansion's Hessian in symbols: derivation, the condition of the published form, and proofs by sympy.

>>> from curvature.symbolic import derive, meets_condition
>>> derive(channels=2, steps=1).is_proved()
True
>>> from sympy import Matrix, Rational
>>> meets_condition([Matrix([[Rational(3, 2), 1], [2, Rational(-3, 4)]])])
True
"""

from curvature.symbolic.claims import SymbolicClaim, claims
from curvature.symbolic.condition import (
    Condition,
    complete_kernel,
    condition,
    kernel_residuals,
    meets_condition,
    rotation_about_ones,
    two_channel_family,
)
from curvature.symbolic.derivation import Derivation, DroppedTerms, derive, dropped_terms, specialise
from curvature.symbolic.hessian_claims import (
    Counterexample,
    counterexample,
    rational_counterexample,
    silu_counterexample,
)
from curvature.symbolic.reference import Reference, reference

__all__ = [
    "Condition",
    "Counterexample",
    "Derivation",
    "DroppedTerms",
    "Reference",
    "SymbolicClaim",
    "claims",
    "complete_kernel",
    "condition",
    "counterexample",
    "derive",
    "dropped_terms",
    "kernel_residuals",
    "meets_condition",
    "rational_counterexample",
    "reference",
    "rotation_about_ones",
    "silu_counterexample",
    "specialise",
    "two_channel_family",
]
