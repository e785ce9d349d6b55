import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.resolution import Order, contradicts, is_resolved, order_of, sign_is_wrong

# Whole numbers of millibits: twice a number and its half are exact, and none is rounded to zero.
gaps = st.integers(-(10**7), 10**7).map(lambda millibits: millibits / 1000)
errors = st.integers(0, 10**5).map(lambda millibits: millibits / 1000)


@pytest.mark.parametrize(
    ("gap", "standard_error", "order"),
    [
        (-0.21, 0.1, Order.MORE_LIKELY),
        (0.21, 0.1, Order.LESS_LIKELY),
        (0.19, 0.1, Order.NOT_RESOLVED),
        (-0.25, 0.125, Order.NOT_RESOLVED),
        (0.0, 0.0, Order.NOT_RESOLVED),
        (-1.0, math.nan, Order.NOT_RESOLVED),
        (math.nan, 0.1, Order.NOT_RESOLVED),
        (math.inf, 0.1, Order.LESS_LIKELY),
    ],
)
def test_an_order_needs_more_than_two_standard_errors(gap, standard_error, order):
    assert order_of(gap, standard_error) is order


def test_orders_are_words_in_tables_and_texts():
    assert [f"{order}" for order in Order] == ["more likely", "less likely", "not resolved"]
    assert Order.MORE_LIKELY == "more likely"


@given(gaps, errors)
def test_the_opposite_gap_shows_the_opposite_order(gap, error):
    opposite = {Order.MORE_LIKELY: Order.LESS_LIKELY, Order.LESS_LIKELY: Order.MORE_LIKELY}
    order = order_of(gap, error)
    assert order_of(-gap, error) is opposite.get(order, order)


@given(gaps, errors, st.floats(1, 100))
def test_a_larger_error_never_resolves_more(gap, error, factor):
    assert is_resolved(gap, error) or not is_resolved(gap, factor * error)


@given(gaps, errors, st.sampled_from([2.0**k for k in range(-4, 5)]))
def test_the_unit_does_not_matter(gap, error, unit):
    assert order_of(unit * gap, unit * error) is order_of(gap, error)


@given(gaps, errors, st.floats(2, 10))
def test_more_standard_errors_ask_for_more(gap, error, standard_errors):
    assert is_resolved(gap, error) or not is_resolved(gap, error, standard_errors)


@given(gaps, errors, gaps, errors)
def test_two_gaps_contradict_each_other_only_where_both_are_resolved(predicted, predicted_se, measured, measured_se):
    found = contradicts(predicted, predicted_se, measured, measured_se)
    both = is_resolved(predicted, predicted_se) and is_resolved(measured, measured_se)
    assert found == (both and (predicted < 0) != (measured < 0))
    assert found == contradicts(measured, measured_se, predicted, predicted_se)


def test_a_row_is_wrong_where_its_two_gaps_contradict_each_other():
    row = {"predicted": 1.0, "predicted_se": 0.4, "measured": -1.0, "measured_se": 0.4}
    assert sign_is_wrong(row)
    assert sign_is_wrong(pd.Series(row))
    assert not sign_is_wrong(row | {"predicted": -1.0})
    assert not sign_is_wrong(row | {"predicted_se": 0.6})
