"""Worlds in which it is known what explains log p."""

import numpy as np
import pytest
import torch

from analysis.comparison import Provenance
from analysis.detection import auroc
from analysis.rival_comparison import ALL, BootstrapOptions, compare_rivals, rank_correlation
from analysis.rivals.evaluation import EvaluatedScore, evaluate_scores, require_scores, scores
from analysis.rivals.lossless_size import lossless_size
from curvature.errors import OptionError, UnknownNameError
from tests.analysis.rivals.worlds import scored, setting, three_sets

PROVENANCE = Provenance("run", "model", "family", "set", 0)
FEW = BootstrapOptions(resamples=60)


def explained(sets, chosen=(), where=None):
    evaluated = evaluate_scores(where or setting(), sets, require_scores(chosen))
    tables = compare_rivals({each.name: each.log_p.numpy() for each in sets}, evaluated, PROVENANCE, FEW)
    return tables.explained.set_index("score"), tables.detectors.set_index(["score", "input_set"])


def by_hand(values, name="png"):
    """A score with these numbers by set."""
    (score,) = require_scores([name])
    return EvaluatedScore(score, {key: np.asarray(each, dtype=float) for key, each in values.items()})


def test_in_a_gaussian_world_the_gaussian_explains_everything():
    table, _ = explained(three_sets())
    for name in ("gaussian", "taylor2"):
        row = table.loc[name]
        assert (row["r2"], row["r2_low"], row["rank_correlation"]) == pytest.approx((1, 1, 1))
    assert table.loc["png", "r2"] < 0.9
    assert table.loc["png", "r2_added"] == pytest.approx(1)
    assert table.loc[ALL, "r2"] == pytest.approx(1)


def test_in_a_world_of_png_sizes_their_size_explains_everything_and_the_second_order_does_not():
    sets = three_sets()
    sets = [
        scored(each.name, each.pixels, lambda x, each=each: -7 * lossless_size(each, "PNG", optimize=True))
        for each in sets
    ]
    table, _ = explained(sets, ("taylor2", "png", "gaussian"))
    assert table.loc["png", "r2"] == pytest.approx(1)
    assert table.loc["png", "rank_correlation"] == pytest.approx(-1)
    assert table.loc["gaussian", "r2_high"] < 0.95
    assert table.loc["taylor2", "r2_added"] == pytest.approx(table.loc["taylor2", "r2"])


def test_a_score_that_is_a_function_of_log_p_is_marked_and_left_out_of_all():
    table, _ = explained(three_sets(), ("typicality", "pixel-gaussian"))
    assert table["is_circular"].to_dict() == {"pixel-gaussian": False, "typicality": True, ALL: False}
    assert table.loc[ALL, "r2"] == pytest.approx(table.loc["pixel-gaussian", "r2"])
    assert "typicality" in table.loc[ALL, "remark"]
    assert np.isnan(table.loc["typicality", "r2_added"])  # there is no second-order prediction to add it to


def test_a_score_that_the_model_does_not_allow_has_a_row_with_the_reason():
    table, detectors = explained(three_sets(), ("latent-norm", "taylor2"))
    assert np.isnan(table.loc["latent-norm", "r2"])
    assert table.loc["latent-norm", "remark"].startswith("not available: ")
    assert "only a flow has" in table.loc["latent-norm", "remark"]
    assert "prior term" not in table.loc["latent-norm", "remark"]
    assert "latent-norm" not in detectors.index


def test_a_score_that_is_not_finite_is_told():
    sets = three_sets()
    sets[2].log_p[3] = torch.inf
    (found,) = evaluate_scores(setting(), sets, require_scores(["typicality"]))
    assert "typicality of dark: 1 of 40 values" in found.absent


def test_detectors_of_known_separation():
    rng = np.random.default_rng(0)
    log_p = {"train": rng.normal(size=400), "same": rng.normal(size=400), "apart": rng.normal(size=400)}
    values = {"train": rng.normal(size=400), "same": rng.normal(size=400), "apart": rng.normal(-1, 1, size=400)}
    tables = compare_rivals(log_p, [by_hand(values), by_hand(values, "score-norm")], PROVENANCE, BootstrapOptions(200))
    found = tables.detectors.set_index(["score", "input_set"])
    # P(x > y) of unit normals one apart is Phi(1 / sqrt 2).
    apart, same = found.loc[("png", "apart")], found.loc[("png", "same")]
    assert apart["auroc_low"] < 0.7602 < apart["auroc_high"]
    assert same["auroc"] == pytest.approx(0.5, abs=0.06)
    # The bootstrap agrees with the standard error of DeLong and others.
    error = auroc(values["train"], values["apart"]).standard_error
    assert apart["auroc_high"] - apart["auroc_low"] == pytest.approx(2 * 1.96 * error, rel=0.2)
    # Training images should have the lower score norm.
    assert found.loc[("score-norm", "apart"), "auroc"] == pytest.approx(1 - apart["auroc"])


def test_intervals_cover_and_are_the_same_for_the_same_seed():
    rng = np.random.default_rng(0)
    x = {"train": rng.normal(size=300), "a": rng.normal(1, 1, size=200)}
    log_p = {name: each + rng.normal(size=len(each)) for name, each in x.items()}
    once, again = (compare_rivals(log_p, [by_hand(x)], PROVENANCE, FEW).explained for _ in range(2))
    assert once.equals(again)
    row = once.iloc[0]
    # Variance of x about the common mean over that of log p, which has one more.
    between = 0.4 * 0.6
    assert row["r2_low"] < (1 + between) / (2 + between) < row["r2_high"]
    assert np.isnan(row["rank_correlation"])  # of two sets


def test_r_squared_of_images_and_within_a_set_know_nothing_of_synthetic_sets():
    rng = np.random.default_rng(0)
    inner = {name: rng.normal(size=500) for name in ("train", "a", "constant")}
    log_p = {**inner, "a": inner["a"], "constant": inner["constant"] + 50}
    # One score tells the synthetic set apart and no more, one knows half of the variance within the sets.
    label = {name: rng.normal(50 * (name == "constant"), 1, size=500) for name in inner}
    half = {name: each + rng.normal(size=500) for name, each in inner.items()}
    scored_by = [by_hand(label), by_hand(half, "webp")]
    tables = compare_rivals(log_p, scored_by, PROVENANCE, FEW, synthetic=["constant"])
    table, by_set = tables.explained.set_index("score"), tables.detectors.set_index(["score", "input_set"])
    assert table.loc["png", "r2"] > 0.99 > 0.02 > table.loc["png", "r2_images"]
    assert table.loc["webp", "r2_images"] == pytest.approx(0.5, abs=0.06)
    assert table.loc["webp", "r2_images_low"] < 0.5 < table.loc["webp", "r2_images_high"]
    assert table.loc[ALL, "r2_images"] == pytest.approx(table.loc["webp", "r2_images"], abs=0.02)
    for name in ("a", "constant"):
        expected = np.corrcoef(log_p[name], half[name])[0, 1] ** 2
        assert by_set.loc[("webp", name), "r2"] == pytest.approx(expected)
        assert by_set.loc[("webp", name), "r2_low"] < expected < by_set.loc[("webp", name), "r2_high"]


def test_rank_correlation():
    assert rank_correlation(np.array([1.0, 5, 9]), np.array([2.0, 30, 4])) == pytest.approx(0.5)
    assert np.isnan(rank_correlation(np.ones(4), np.arange(4.0)))


def test_unknown_scores_and_missing_inputs_are_refused():
    with pytest.raises(UnknownNameError, match="did you mean 'gaussian'"):
        require_scores(["gausian"])
    with pytest.raises(OptionError, match="beside the training images"):
        compare_rivals({"train": np.arange(3.0)}, [by_hand({"train": [1, 2, 3]})], PROVENANCE, FEW)
    assert require_scores([]) == scores()
