"""Whether the order of two likelihoods holds over the whole of training, and whether predictions have its sign."""

import pandas as pd

from analysis.resolution import Order, order_of, sign_is_wrong

COLUMNS = (
    "train_set",
    "input_set",
    "rung",
    "snapshots",
    "more_likely",
    "less_likely",
    "at_the_end",
    "holds_from",
    "right_sign",
    "wrong_sign",
)


def order_over_training(trajectory: pd.DataFrame) -> pd.DataFrame:
    """Count, for every input set and rung, the snapshots at which the set is more likely than the training images.

    Parameters
    ----------
    trajectory
        Tidy rows as `analysis.comparison.compare` makes them, for each `step` of one run.

    Returns
    -------
    DataFrame
        One row for each input set and rung. `snapshots` is the number of snapshots; `more_likely` and `less_likely`
        count those whose measured gap lies two standard errors below and above zero. `at_the_end` is the order at the
        last step, `holds_from` the first step from which every snapshot has that order (missing where it is not
        resolved at the end). Of the resolved snapshots `right_sign` counts those where the prediction has the measured
        sign, and `wrong_sign` those where it has the other one by two standard errors of its own.
    """
    rows = []
    for (train_set, input_set, rung), each in trajectory.groupby(["train_set", "input_set", "rung"], sort=False):
        each = each.sort_values("step")
        orders = [order_of(gap, error) for gap, error in zip(each["measured"], each["measured_se"], strict=True)]
        resolved = each[[order is not Order.NOT_RESOLVED for order in orders]]
        rows.append(
            {
                "train_set": train_set,
                "input_set": input_set,
                "rung": rung,
                "snapshots": len(each),
                "more_likely": orders.count(Order.MORE_LIKELY),
                "less_likely": orders.count(Order.LESS_LIKELY),
                "at_the_end": orders[-1].value,
                "holds_from": _holds_from(list(each["step"]), orders),
                "right_sign": int(resolved["sign_agrees"].sum()),
                "wrong_sign": sum(sign_is_wrong(row) for _, row in resolved.iterrows()),
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS).astype({"holds_from": "Int64"})


def _holds_from(steps: list[int], orders: list[Order]) -> int | None:
    """First step of the run of equal orders that lasts to the end."""
    if orders[-1] is Order.NOT_RESOLVED:
        return None
    others = [position for position, order in enumerate(orders) if order != orders[-1]]
    return steps[others[-1] + 1 if others else 0]
