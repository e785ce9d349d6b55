import numpy as np
import pandas as pd
import pytest

from paper_figures.likelihood_gaps import likelihood_gaps
from paper_figures.style import COLUMN_WIDTH

DIRECTIONS = (("cifar10", "svhn"), ("mnist", "fashion_mnist"), ("svhn", "cifar10"), ("fashion_mnist", "mnist"))


@pytest.fixture
def tables():
    random = np.random.default_rng(0)
    gaps, ladder = [], []
    for train_set, other in DIRECTIONS:
        gap = random.normal(scale=2)
        row = {"train_set": train_set, "input_set": f"{other}/test", "kind": "other"}
        gaps.append({**row, "gap_to_train": gap, "gap_to_train_se": 0.02})
        gaps.append({**row, "input_set": f"{train_set}/test", "kind": "test", "gap_to_train": 0.1})
        for rung, factor in (("taylor2", 1.6), ("path-3", 1.02), ("path", 1.0)):
            predicted = {
                "rung": rung,
                "predicted": factor * gap,
                "predicted_se": 0.05,
                "measured": gap,
                "measured_se": 0.04,
            }
            ladder.append({"train_set": train_set, "input_set": f"{other}/test", **predicted})
    return pd.DataFrame(gaps), pd.DataFrame(ladder)


def test_the_two_directions_of_a_pair_stand_together(tables):
    (axis,) = likelihood_gaps(*tables).axes
    labels = [text.get_text() for text in axis.get_yticklabels()]
    assert labels == [
        "CIFAR-10 → SVHN",
        "SVHN → CIFAR-10",
        "MNIST → Fashion-MNIST",
        "Fashion-MNIST → MNIST",
    ]
    places = axis.get_yticks()
    assert places[0] - places[1] < places[1] - places[2]


def test_every_measurement_and_prediction_is_drawn_with_its_error(tables):
    figure = likelihood_gaps(*tables)
    (axis,) = figure.axes
    assert len(axis.containers) == 4 * len(DIRECTIONS)
    assert figure.get_figwidth() == pytest.approx(COLUMN_WIDTH)
    assert "bits/dim" in axis.get_xlabel()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "measured, many images",
        "measured",
        "taylor2",
        "path-3",
        "path",
    ]
    low, high = axis.get_xlim()
    assert low < tables[1]["predicted"].min()
    assert high > tables[1]["predicted"].max()


def test_a_rung_that_was_not_computed_is_left_out(tables):
    gaps, ladder = tables
    (axis,) = likelihood_gaps(gaps, ladder[ladder["rung"] != "path"]).axes
    assert len(axis.containers) == 3 * len(DIRECTIONS)
