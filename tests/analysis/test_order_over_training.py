import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.order_over_training import COLUMNS, order_over_training
from analysis.resolution import Order, is_resolved

SE = 0.1


def trajectory(measured, predicted=None, input_set="svhn/test", rung="taylor2"):
    """Rows of one set and rung, a step for each gap."""
    predicted = measured if predicted is None else predicted
    rows = [
        {"step": 10**position, "measured": m, "predicted": p, "sign_agrees": (m > 0) == (p > 0)}
        for position, (m, p) in enumerate(zip(measured, predicted, strict=True))
    ]
    fixed = {"train_set": "cifar10", "input_set": input_set, "rung": rung, "measured_se": SE, "predicted_se": SE}
    return pd.DataFrame(rows).assign(**fixed)


def one(*arguments, **options):
    (row,) = order_over_training(trajectory(*arguments, **options)).to_dict("records")
    return row


@pytest.mark.parametrize(
    ("measured", "counts", "at_the_end", "holds_from"),
    [
        ([-1, -1, -1], (3, 0), Order.MORE_LIKELY, 1),
        ([1, -0.1, -1, -1], (2, 1), Order.MORE_LIKELY, 100),
        ([-1, 1, 1], (1, 2), Order.LESS_LIKELY, 10),
        ([-1, -1, 0.15], (2, 0), Order.NOT_RESOLVED, None),
    ],
)
def test_the_order_is_counted_and_dated(measured, counts, at_the_end, holds_from):
    row = one(measured)
    assert (row["more_likely"], row["less_likely"]) == counts
    assert row["snapshots"] == len(measured)
    assert row["at_the_end"] == at_the_end
    assert pd.isna(row["holds_from"]) if holds_from is None else row["holds_from"] == holds_from


def test_signs_are_judged_only_where_the_gap_is_resolved():
    row = one([-1, -1, -1, 0.1], [-1, 0.15, 1, -1])
    assert (row["right_sign"], row["wrong_sign"]) == (1, 1)


def test_the_order_of_the_rows_does_not_matter():
    rows = trajectory([1, -1, -1])
    pd.testing.assert_frame_equal(order_over_training(rows), order_over_training(rows.iloc[::-1]))


def test_sets_and_rungs_are_told_apart():
    parts = [trajectory([-1], input_set=name, rung=rung) for name in ("a", "b") for rung in ("full", "path-1")]
    order = order_over_training(pd.concat(parts))
    assert tuple(order.columns) == COLUMNS
    assert list(zip(order["input_set"], order["rung"], strict=True)) == [
        ("a", "full"),
        ("a", "path-1"),
        ("b", "full"),
        ("b", "path-1"),
    ]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-2, 2), min_size=1, max_size=8), st.data())
def test_counts_add_up(measured, data):
    predicted = data.draw(st.lists(st.floats(-2, 2), min_size=len(measured), max_size=len(measured)))
    row = one(measured, predicted)
    resolved = row["more_likely"] + row["less_likely"]
    assert resolved == sum(is_resolved(gap, SE) for gap in measured)
    assert row["right_sign"] + row["wrong_sign"] <= resolved <= row["snapshots"]
