import math

import pandas as pd
import pytest
import torch

from analysis.comparison import COLUMNS, SPLIT_COLUMNS, Provenance, compare, explains, split_table
from analysis.likelihood import measure, summarize_likelihood
from curvature import curvature_ladder
from curvature.errors import NonFiniteError, TooFewSamplesError
from curvature.ladder.options import GaussianOptions

D = 4
EXACT = ("taylor2", "mean-curvature", "path-1", "path-2", "path-3", "path")
PROVENANCE = Provenance(run="here", model="gaussian", family="gaussian", train_set="china", seed=3)


def log_prob(x):
    """A standard normal: every rung is exact."""
    return -0.5 * x.square().sum(1) - 0.5 * D * torch.log(torch.tensor(2 * torch.pi))


def samples(scale, seed, mean=0.0):
    return mean + scale * torch.randn(200, D, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def ladder():
    return curvature_ladder(log_prob, q=samples(0.5, 0), p=samples(1.0, 1))


@pytest.fixture(scope="module")
def comparison(ladder):
    return compare(ladder, measure(log_prob, samples(0.5, 0), "narrow"), PROVENANCE)


def test_one_row_for_each_rung_with_the_tidy_columns(ladder, comparison):
    assert tuple(comparison.columns) == COLUMNS
    assert list(comparison["rung"]) == [rung.name for rung in ladder.rungs]
    assert set(comparison["run"]) == {"here"}
    assert set(comparison["seed"]) == {3}
    assert set(comparison["n_images"]) == {200}


def test_numbers_are_gaps_in_bits_with_the_sign_of_bpd(comparison):
    narrow, wide = (
        summarize_likelihood(name, log_prob(x), D) for name, x in (("q", samples(0.5, 0)), ("p", samples(1.0, 1)))
    )
    row = comparison.iloc[-1]
    assert row["measured"] == pytest.approx(narrow.bits_per_dim - wide.bits_per_dim)
    assert row["measured"] < 0
    assert row["measured_se"] == pytest.approx((narrow.standard_error**2 + wide.standard_error**2) ** 0.5)
    assert row["bpd"] == pytest.approx(narrow.bits_per_dim)


def test_a_gaussian_is_explained_and_the_error_is_the_difference(comparison):
    exact = comparison[comparison["rung"].isin(EXACT)]
    assert (exact["error"].abs() < 1e-10).all()
    assert explains(exact).all()
    assert comparison["error"].tolist() == pytest.approx((comparison["predicted"] - comparison["measured"]).tolist())
    assert comparison["ratio"].tolist() == pytest.approx((comparison["predicted"] / comparison["measured"]).tolist())


def test_the_row_says_why_there_is_no_ceiling(comparison):
    assert comparison["ceiling"].isna().all()
    assert set(comparison["no_ceiling"]) == {"log_prob is not the method log_prob of a module"}


class Standard(torch.nn.Module):
    """The identity as a flow, under the standard normal prior: of constant volume."""

    is_constant_log_det, prior_scale = True, 1.0

    def __init__(self):
        super().__init__()
        self.eval()

    def forward(self, x):
        return x, x.new_zeros(len(x))

    def log_prob(self, x):
        return log_prob(x)


def test_ceiling_half_samples_and_the_split_have_rows():
    few = GaussianOptions(pairs=20, left_out_pairs=20)
    q, p = samples(0.5, 0)[:3], samples(1.0, 1)
    found = curvature_ladder(Standard(), q=q, p=p, rungs=["taylor2", "gaussian"], gaussian=few)
    measurement = measure(log_prob, q, "narrow")
    taylor2, gaussian = compare(found, measurement, PROVENANCE).to_dict("records")
    assert taylor2["ceiling"] == pytest.approx(float(p.square().sum(1).mean()) / (2 * D * math.log(2)))
    assert gaussian["half_sample"] == found["gaussian"].half_sample
    assert "covariance of 3 images has no variance in 2 of 4 directions" in gaussian["remark"]
    assert taylor2["half_sample"] is None or math.isnan(taylor2["half_sample"])
    split = split_table(found, measurement, PROVENANCE)
    assert tuple(split.columns) == SPLIT_COLUMNS
    assert list(split["part"]) == ["second order", "higher orders", "beyond two moments", "measured"]
    assert split["gap"][:3].sum() == pytest.approx(split["gap"][3])
    assert set(split["n_images"]) == {3}


def test_without_gaussian_there_is_no_split(ladder):
    split = split_table(ladder, measure(log_prob, samples(0.5, 0), "narrow"), PROVENANCE)
    assert split.empty
    assert tuple(split.columns) == SPLIT_COLUMNS


def test_explains_is_relative_or_absolute():
    rows = pd.DataFrame({"error": [0.05, 0.3, -0.019, 0.021], "measured": [1.0, 1.0, 0.0, 0.0]})
    assert explains(rows).tolist() == [True, False, True, False]


def test_bits_per_dim_and_its_standard_error_match_the_closed_form():
    x = samples(1.0, 5)
    expected = -log_prob(x) / (D * torch.log(torch.tensor(2.0))) + 8
    measurement = measure(log_prob, x, "x", batch_size=7)
    assert measurement.bits_per_dim == pytest.approx(expected.mean().item())
    assert measurement.standard_error == pytest.approx(expected.std().item() / 200**0.5)
    assert "200 images" in str(measurement)


def test_a_single_nan_stops_the_mean_instead_of_vanishing():
    values = torch.zeros(5, dtype=torch.float64)
    values[2] = torch.nan
    with pytest.raises(NonFiniteError, match="1 of 5 images of broken"):
        summarize_likelihood("broken", values, D)


def test_one_image_has_no_standard_error():
    with pytest.raises(TooFewSamplesError, match="at least 2"):
        summarize_likelihood("one", torch.zeros(1), D)
