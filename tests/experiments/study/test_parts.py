"""The parts of a gap in a comparison: they add up, and cost a flow of constant volume no Hessian."""

from dataclasses import replace

import pandas as pd
import pytest

from curvature import Ladder
from curvature.ladder.evaluation import evaluate_rungs, prepare_rungs
from experiments.models.families.glow.config import GlowConfig
from experiments.models.multi_scale import MultiScaleFlow
from experiments.storage.run_directory import RunDirectory
from experiments.study import parts
from experiments.study.comparison import compare_inputs, parts_of
from experiments.study.configuration import ComparisonConfig
from experiments.study.rungs import expansion_of
from experiments.study.samples import load_samples, require_inputs
from experiments.study.trained_model import load_run
from experiments.study.training import train_run

CONFIG = ComparisonConfig(("digits", "constant=9", "digits/train"), n_images=6, nodes=(1,), mean_curvature_points=0)


@pytest.fixture
def out(tmp_path):
    return RunDirectory.create(tmp_path / "out", {"comparison": CONFIG})


@pytest.fixture(scope="module")
def affine(tmp_path_factory, tiny_experiment_config):
    experiment = replace(tiny_experiment_config, model=GlowConfig(levels=1, steps=2, width=4, coupling="affine"))
    run = RunDirectory.create(tmp_path_factory.mktemp("runs") / "affine", experiment)
    train_run(run)
    return load_run(run.path)


def test_the_parts_add_up_to_the_gap_and_to_its_prediction(affine, out, watcher):
    comparison = compare_inputs(affine, CONFIG, out, watcher.progress).set_index(["input_set", "rung"])
    found = parts_of(out)
    assert list(found["part"].unique()) == ["prior", "log_det"]
    assert not found["is_constant"].any()
    for name, rows in found.groupby("input_set"):
        whole = comparison.loc[(name, "taylor2")]
        assert rows["measured"].sum() == pytest.approx(whole["measured"], rel=1e-9, abs=1e-12)
        assert rows["taylor2"].sum() == pytest.approx(whole["predicted"], rel=1e-9, abs=1e-12)
        assert rows["error"].sum() == pytest.approx(whole["error"], rel=1e-9, abs=1e-12)
    assert found.loc[found["input_set"] == "digits/train", "share_of_gap"].isna().all()
    assert [report[2] for report in watcher.shown][-3:] == [
        f"curvature of log_det on {name}" for name in ("digits/train", "digits/test", "constant=9")
    ]


def test_both_parts_are_those_of_their_own_ladders(affine, out):
    compare_inputs(affine, CONFIG, out)
    found = parts_of(out).set_index(["input_set", "part"])
    counts = dict.fromkeys((affine.training_input, *require_inputs(CONFIG.inputs)), 6)
    samples = load_samples(counts, (1, 8, 8), 0, affine.representation)
    for name, part in expansion_of(affine, seed=0).parts.items():
        prepared = prepare_rungs(part, samples["digits/train"], ["taylor2"])
        values = [evaluate_rungs(prepared, samples[each]) for each in ("digits/test", "digits/train")]
        ladder = Ladder.between(*values)
        row = found.loc[("digits/test", name)]
        assert row["measured"] == pytest.approx(ladder.measured.bits_per_dim, rel=1e-9)
        assert row["measured_se"] == pytest.approx(ladder.measured.standard_error, rel=1e-9)
        assert row["taylor2"] == pytest.approx(ladder["taylor2"].bits_per_dim, rel=1e-8)
        assert row["taylor2_se"] == pytest.approx(ladder["taylor2"].standard_error, rel=1e-8)
        assert row["error_se"] == pytest.approx(ladder["taylor2"].difference_standard_error, rel=1e-7)


def test_a_flow_of_constant_volume_needs_no_hessian_of_a_part(trained, out, monkeypatch):
    def work(*_, **__):
        raise AssertionError("the rungs of a part were prepared")

    monkeypatch.setattr(parts, "prepare_rungs", work)
    comparison = compare_inputs(trained, CONFIG, out).set_index(["input_set", "rung"])
    found = parts_of(out).set_index(["input_set", "part"])
    for name in ("digits/test", "constant=9"):
        assert list(found.loc[(name, "log_det"), ["measured", "taylor2", "share_of_gap"]]) == [0, 0, 0]
        assert found.loc[(name, "prior"), "measured"] == pytest.approx(comparison.loc[(name, "taylor2"), "measured"])
        assert found.loc[(name, "prior"), "taylor2"] == pytest.approx(comparison.loc[(name, "taylor2"), "predicted"])
        assert found.loc[(name, "prior"), "share_of_gap"] == pytest.approx(1)


def test_a_model_that_does_not_split_log_p_has_no_rows(trained, out, monkeypatch):
    monkeypatch.setattr(MultiScaleFlow, "log_prob_parts", lambda self, x: {})
    compare_inputs(trained, CONFIG, out)
    assert parts_of(out).empty
    assert isinstance(parts_of(out), pd.DataFrame)
