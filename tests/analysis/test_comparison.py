import pandas as pd
import pytest
import torch

from analysis.comparison import COLUMNS, Provenance, compare, explains
from analysis.likelihood import measure, summarize_likelihood
from curvature import curvature_ladder
from curvature.errors import NonFiniteError, TooFewSamplesError

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
