"""The numbers behind the verdicts: regions, errors of ratios, and one row for each measurement."""

import math

import numpy as np
import pandas as pd
import pytest

from analysis.claims_engine.ceilings import shares_of_ceiling
from analysis.claims_engine.claim import Finding
from analysis.claims_engine.inputs import is_paper_pair, other_set, ungrayed
from analysis.claims_engine.measured import measured_gaps
from analysis.claims_engine.predicted import predictions, ratio_with_error
from analysis.claims_engine.region import ABOVE_ZERO, BELOW_ZERO, Region
from curvature.verdict import Verdict
from tests.analysis.claims_engine.worlds import World


@pytest.mark.parametrize(
    ("region", "effect", "error", "verdict"),
    [
        (BELOW_ZERO, -0.21, 0.1, Verdict.HOLDS),
        (BELOW_ZERO, -0.19, 0.1, Verdict.NOT_RESOLVED),
        (BELOW_ZERO, 0.21, 0.1, Verdict.REFUTED),
        (ABOVE_ZERO, 0.0, 0.0, Verdict.NOT_RESOLVED),
        (ABOVE_ZERO, math.nan, 0.1, Verdict.NOT_RESOLVED),
        (ABOVE_ZERO, 1.0, math.nan, Verdict.NOT_RESOLVED),
        (Region(0.9, 1.1), 1.0, 0.04, Verdict.HOLDS),
        (Region(0.9, 1.1), 1.0, 0.06, Verdict.NOT_RESOLVED),
        (Region(0.9, 1.1), 2.0, 0.4, Verdict.REFUTED),
        (Region(0.9, 1.1), 2.0, 0.5, Verdict.NOT_RESOLVED),
        (Region(0.9, 1.1), -5.0, 0.5, Verdict.REFUTED),
    ],
)
def test_a_region_is_judged_by_two_standard_errors(region, effect, error, verdict):
    assert region.judge(effect, error) is verdict


def test_the_interval_is_two_standard_errors_to_either_side():
    found = Finding("a", 1.0, 0.25, ABOVE_ZERO)
    assert (found.low, found.high, str(found.region)) == (0.5, 1.5, "> 0")
    assert (str(BELOW_ZERO), str(Region(0.9, 1.1))) == ("< 0", "0.9 to 1.1")


@pytest.mark.parametrize("correlation", [-0.5, 0.0, 0.9])
def test_the_error_of_a_ratio_is_that_of_repeated_draws(correlation):
    predicted, measured, predicted_se, measured_se = -1.2, -0.6, 0.02, 0.01
    covariance = correlation * predicted_se * measured_se
    draws = np.random.default_rng(0).multivariate_normal(
        [predicted, measured], [[predicted_se**2, covariance], [covariance, measured_se**2]], 200_000
    )
    error_se = math.sqrt(predicted_se**2 + measured_se**2 - 2 * covariance)
    names = ("predicted", "predicted_se", "measured", "measured_se", "error_se")
    row = pd.Series(dict(zip(names, (predicted, predicted_se, measured, measured_se, error_se), strict=True)))
    ratio, error = ratio_with_error(row)
    assert ratio == pytest.approx(2)
    assert error == pytest.approx((draws[:, 0] / draws[:, 1]).std(), rel=0.02)


def test_the_error_of_a_ratio_without_a_paired_error_is_that_of_independent_numbers():
    row = pd.Series({"predicted": 1.0, "predicted_se": 0.3, "measured": 1.0, "measured_se": 0.4, "error_se": math.nan})
    assert ratio_with_error(row)[1] == pytest.approx(0.5)


def test_the_error_of_a_share_of_the_ceiling_is_that_of_repeated_draws():
    generator, draws = np.random.default_rng(0), 200_000
    inputs, training = generator.normal(0.2, 0.01, draws), generator.normal(0.7, 0.02, draws)
    row = {"run": "r", "train_set": "cifar10", "input_set": "constant=0", "rung": "taylor2", "predicted": -0.6}
    row |= {"measured": -0.5, "measured_se": math.hypot(0.01, 0.02), "ceiling": 0.7, "ceiling_se": 0.02}
    (found,) = shares_of_ceiling({"comparison": pd.DataFrame([row])}, "measured", BELOW_ZERO)
    assert found.effect == pytest.approx(5 / 7)
    assert found.prediction == pytest.approx(6 / 7)
    assert found.standard_error == pytest.approx((1 - inputs / training).std(), rel=0.02)


def test_a_measurement_that_several_tables_hold_is_one_row():
    world = World(is_true=True)
    tables = {"gaps": world.gaps_table(), "comparison": world.ladder("a run"), "ladder": world.ladder("reference")}
    rows = measured_gaps(tables)
    assert len(rows) == len(tables["gaps"])
    assert set(rows["label"]) == {"cifar10", "svhn"}
    assert rows["constant_volume"].all()
    assert rows.set_index(["label", "input_set"])["taylor2"]["cifar10", "svhn/test"] == -0.6
    assert len(predictions(tables, "taylor2")) == len(rows) - 1


def test_without_the_ladder_a_gap_has_no_prediction():
    rows = measured_gaps({"gaps": World(is_true=True).gaps_table()})
    assert rows["taylor2"].isna().all()
    assert not rows["constant_volume"].any()


def test_gaps_of_features_are_no_gaps_of_pixels():
    families = World(is_true=True).families()
    rows = measured_gaps({"families": families})
    assert set(families["preset"]) - set(rows["label"]) == {"small-embedding"}


def test_the_names_of_input_sets_are_read():
    assert ungrayed("cifar10/test:blur=2:contrast=0.5") == "cifar10/test:blur=2"
    assert ungrayed("cifar10/test:luminance") == "cifar10/test"
    assert ungrayed("cifar10/test:contrast=1.3") is None
    assert ungrayed("cifar10/test:contrast=half") is None
    assert ungrayed("constant=3") is None
    assert other_set("cifar10", "svhn/test") == "svhn"
    assert other_set("cifar10", "cifar10/test") is None
    assert other_set("cifar10", "svhn/test:contrast=0.5") is None
    assert is_paper_pair("cifar10", "svhn/test", "more likely")
    assert not is_paper_pair("svhn", "cifar10/test", "more likely")
