"""The one meaning of resolved: a number is resolved if it lies more than two standard errors from zero.

Every statement of the toolkit that a set is "more likely", "less likely" or "not resolved" is decided here.
"""

from collections.abc import Mapping
from enum import StrEnum
from math import hypot, nan
from typing import Any

import pandas as pd

STANDARD_ERRORS = 2.0
"""Standard errors from zero beyond which a number is resolved; also half the length of every error bar in figures."""


class Order(StrEnum):
    """Whether an input set is more or less likely than the images that its gap is taken against."""

    MORE_LIKELY = "more likely"
    LESS_LIKELY = "less likely"
    NOT_RESOLVED = "not resolved"


def is_resolved(value: float, standard_error: float, standard_errors: float = STANDARD_ERRORS) -> bool:
    """Whether a number differs from zero by more than this many standard errors.

    NaN is not resolved, and neither is a number whose standard error is NaN.
    """
    return bool(abs(value) > standard_errors * standard_error)


def order_of(gap: float, standard_error: float) -> Order:
    """Order that a gap in bits per dimension shows; a negative gap means more likely (docs/theory.md, eq. 3)."""
    if not is_resolved(gap, standard_error):
        return Order.NOT_RESOLVED
    return Order.MORE_LIKELY if gap < 0 else Order.LESS_LIKELY


def contradicts(predicted: float, predicted_se: float, measured: float, measured_se: float) -> bool:
    """Whether two gaps show opposite orders, both resolved: the prediction has the wrong sign beyond its noise."""
    orders = {order_of(predicted, predicted_se), order_of(measured, measured_se)}
    return orders == {Order.MORE_LIKELY, Order.LESS_LIKELY}


def sign_is_wrong(row: Mapping[str, Any] | pd.Series) -> bool:
    """Whether the prediction of a comparison's row contradicts its measured gap (`analysis.comparison.compare`)."""
    return contradicts(row["predicted"], row["predicted_se"], row["measured"], row["measured_se"])


def is_impossible(row: Mapping[str, Any] | pd.Series) -> bool:
    """Whether the prediction of a comparison's row lies beyond the ceiling of its model, by two standard errors."""
    if row.get("kind") != "moments" or pd.isna(row.get("ceiling", nan)):
        return False
    beyond = -row["predicted"] - row["ceiling"]
    return bool(beyond > 0) and is_resolved(beyond, hypot(row["predicted_se"], row["ceiling_se"]))
