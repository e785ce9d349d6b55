"""Rival explanations of a tiny flow: the tables, what is kept, and what a model does not allow."""

import math
from dataclasses import replace

import pandas as pd
import pytest
import torch

from analysis.representation import UNIFORM
from analysis.rivals.evaluation import scores
from curvature.errors import ConfigError, UnknownNameError
from experiments.models.families.embedding.config import EmbeddingConfig
from experiments.models.registry import build
from experiments.storage.run_directory import RunDirectory
from experiments.study.rivals import DETECTORS, EXPLAINED, SCORES, study_rivals
from experiments.study.rivals_config import RivalsConfig
from experiments.study.rungs import expansion_of
from experiments.study.samples import load_inputs, require_inputs
from experiments.study.scored_images import reference_events, score_inputs

CONFIG = RivalsConfig(("digits", "constant=9"), n_images=8, n_reference=100, probes=2, neighbours=5, resamples=20)
FEW = replace(CONFIG, scores=("gaussian", "png"))


@pytest.fixture
def out(tmp_path):
    return RunDirectory.create(tmp_path / "out", {"rivals": CONFIG})


def test_the_tables_hold_every_score_and_log_p_of_every_image(trained, out):
    explained, detectors = study_rivals(trained, CONFIG, out)
    assert list(explained["score"]) == [*(score.name for score in scores()), "all"]
    assert explained.iloc[:-1][["r2", "r2_added", "r2_images", "rank_correlation"]].notna().all(axis=None)
    assert set(detectors["input_set"]) == {"digits/test", "constant=9"}
    images = pd.read_csv(out.file(SCORES))
    assert images.groupby("input_set").size().to_dict() == {"constant=9": 8, "digits/test": 8, "digits/train": 8}
    (test, _) = require_inputs(CONFIG.inputs)
    with torch.no_grad():
        expected = trained.model.log_prob(load_inputs(test, 8, (1, 8, 8), CONFIG.seed).float()).numpy()
    found = images.loc[images["input_set"] == "digits/test", "log_p"].to_numpy()
    assert found == pytest.approx(expected, rel=1e-4)


def test_finished_tables_are_kept_and_damaged_ones_made_again(trained, out, watcher):
    study_rivals(trained, FEW, out)
    wanted = {name: out.file(name).read_bytes() for name in (EXPLAINED, DETECTORS, SCORES)}
    study_rivals(trained, FEW, out, watcher.progress)
    assert (watcher.shown, watcher.said) == ([], [])
    out.file(SCORES).write_bytes(b"damaged")
    study_rivals(trained, FEW, out, watcher.progress)
    assert any(SCORES in line for line in watcher.said)
    assert {name: out.file(name).read_bytes() for name in wanted} == wanted


def test_the_reference_holds_none_of_the_scored_images(trained):
    reference = reference_events(trained, 8, 100, seed=0)
    pixels = (reference * 256).floor().to(torch.uint8)
    assert torch.equal(pixels, trained.train_images.images[8:108])


def test_the_pixels_are_those_of_the_events(trained):
    expansion = expansion_of(trained, 0)
    train, other, own = score_inputs(trained, expansion, require_inputs(["constant=9", "samples=1"]), 8, 0)
    assert torch.equal(train.pixels, trained.train_images.head(8))
    assert (other.pixels == 9).all()
    # The samples of a flow of four steps leave the range of images.
    assert own.pixels is None
    assert "samples=1: floats range over" in own.no_pixels


def test_features_of_images_keep_their_images(trained):
    images = trained.train_images
    model = build(EmbeddingConfig(), images.event_shape, 0)
    model.initialise(UNIFORM(images.images, torch.Generator().manual_seed(0)))
    embedded = replace(trained, model=model.eval())
    inputs = require_inputs(["constant=9", "samples=1"])
    train, other, own = score_inputs(embedded, expansion_of(embedded, 0), inputs, 6, 0)
    assert train.events.shape[1:] == model.event_shape
    assert torch.equal(train.pixels, images.head(6))
    assert own.pixels is None
    assert "the model makes features of samples=1" in own.no_pixels
    assert (other.pixels == 9).all()


def test_bad_names_and_missing_inputs_are_refused_before_any_work(trained, out, watcher):
    with pytest.raises(UnknownNameError, match="did you mean 'webp'"):
        study_rivals(trained, replace(CONFIG, scores=("web",)), out, watcher.progress)
    with pytest.raises(ConfigError, match="beside the training images"):
        study_rivals(trained, replace(CONFIG, inputs=("digits/train",)), out, watcher.progress)
    assert watcher.shown == []


def test_few_training_images_are_shared_between_the_scored_and_the_reference(trained):
    images = replace(trained.train_images, images=trained.train_images.head(9))
    few = replace(trained, train_images=images)
    assert len(reference_events(few, 100, 100, seed=0)) == 5
    assert math.prod(reference_events(few, 2, 3, seed=0).shape) == 3 * 64
