"""Comparisons of a tiny flow: what is computed once, what is kept, and what is made again because it has changed."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from analysis.comparison import COLUMNS
from analysis.split_table import three_parts_table
from curvature import curvature_ladder
from curvature.errors import ConfigError, ToolkitError, UnknownNameError
from experiments.data.catalog import CATALOG
from experiments.data.digits import load_digits
from experiments.storage.run_directory import RunDirectory
from experiments.study import comparison, rungs
from experiments.study.comparison import compare_inputs
from experiments.study.configuration import ComparisonConfig
from experiments.study.samples import load_samples, require_inputs, training_mean

CONFIG = ComparisonConfig(("digits", "constant=9"), n_images=6, nodes=(1,), mean_curvature_points=2)


@pytest.fixture
def out(tmp_path):
    return RunDirectory.create(tmp_path / "out", {"comparison": CONFIG})


def test_the_rows_are_those_of_one_ladder_for_each_input_set(trained, out):
    found = compare_inputs(trained, CONFIG, out)
    assert tuple(found.columns) == COLUMNS
    counts = dict.fromkeys((trained.training_input, *require_inputs(CONFIG.inputs)), 6)
    samples = load_samples(counts, (1, 8, 8), seed=0)
    assert list(samples) == ["digits/train", "digits/test", "constant=9"]
    for name in ("digits/test", "constant=9"):
        ladder = curvature_ladder(
            trained.model,
            q=samples[name],
            p=samples["digits/train"],
            at=training_mean(trained.train_images, seed=0),
            nodes=(1,),
            mean_curvature_points=2,
        )
        rows = found[found["input_set"] == name].set_index("rung")
        assert list(rows.index) == [rung.name for rung in ladder.rungs]
        for rung in ladder.rungs:
            assert rows.loc[rung.name, "predicted"] == pytest.approx(rung.bits_per_dim, rel=1e-9)
            assert rows.loc[rung.name, "measured"] == pytest.approx(ladder.measured.bits_per_dim, rel=1e-9)


def test_rungs_by_name_split_the_gap_in_three_parts_and_log_p_is_a_detector(trained, out):
    config = replace(CONFIG, inputs=("digits", "noise=uniform"), n_images=30, rungs=("taylor2", "gaussian"))
    found = compare_inputs(trained, config, out)
    assert set(found["rung"]) == {"taylor2", "gaussian"}
    split = pd.read_csv(out.file("split.csv"))
    for name, rows in split.groupby("input_set"):
        gap = rows.set_index("part")["gap"]
        assert gap["measured"] == pytest.approx(gap.drop("measured").sum(), abs=1e-9)
        rung = found[(found["input_set"] == name) & (found["rung"] == "taylor2")].iloc[0]
        assert gap["second order"] == pytest.approx(rung["predicted"])
        assert gap["measured"] == pytest.approx(rung["measured"])
    noise = pd.read_csv(out.file("measurements.csv")).set_index("input_set").loc["noise=uniform"]
    assert noise["measured"] < 0
    assert noise["auroc"] + 3 * noise["auroc_se"] < 0.5
    assert three_parts_table(split).row_count == 2


def test_without_the_rung_gaussian_there_are_no_parts_to_show(trained, out):
    compare_inputs(trained, replace(CONFIG, rungs=("full",)), out)
    assert three_parts_table(pd.read_csv(out.file("split.csv"))) is None


def test_the_training_side_is_evaluated_once_and_counts_in_the_progress(trained, out, watcher):
    compare_inputs(trained, CONFIG, out, watcher.progress)
    assert watcher.shown == [
        (6, 18, "curvature on digits/train"),
        (12, 18, "curvature on digits/test"),
        (18, 18, "curvature on constant=9"),
    ]


def test_the_training_images_may_be_an_input_set_too(trained, out, watcher):
    config = replace(CONFIG, inputs=("digits/train", "constant=9"))
    found = compare_inputs(trained, config, out, watcher.progress).set_index("input_set")
    assert (found.loc["digits/train", "measured"] == 0).all()
    assert [report[0] for report in watcher.shown] == [6, 12]


def test_a_finished_comparison_is_kept(trained, out, watcher):
    compare_inputs(trained, CONFIG, out)
    before = (out.path / "comparison.csv").stat()
    compare_inputs(trained, CONFIG, out, watcher.progress)
    assert (watcher.shown, watcher.said) == ([], [])
    assert (out.path / "comparison.csv").stat().st_mtime_ns == before.st_mtime_ns


def test_a_table_cut_in_half_is_made_again_and_named(trained, out, watcher):
    wanted = compare_inputs(trained, CONFIG, out)
    for name in ("comparison.csv", "predictions.csv"):
        path = out.path / name
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(lines[: len(lines) // 2]))
    again = compare_inputs(trained, CONFIG, out, watcher.progress)
    assert watcher.said == [
        f"{out.path / name}: has changed since it was written; comparison is made again"
        for name in ("predictions.csv", "comparison.csv")
    ]
    pd.testing.assert_frame_equal(again, wanted)


def test_stages_of_an_older_version_are_made_again_and_named(trained, out, watcher):
    compare_inputs(trained, CONFIG, out)
    out.write_json("stages.json", {"comparison": "0" * 64})
    compare_inputs(trained, CONFIG, out, watcher.progress)
    (said,) = watcher.said
    assert "holds no checksums of measurements.csv" in said
    assert watcher.shown


def test_other_images_under_the_same_name_are_compared_anew(trained, out, monkeypatch):
    before = compare_inputs(trained, CONFIG, out).set_index("input_set")["measured"]

    def load_turned(split, patch_size):
        images = load_digits(split, patch_size)
        return replace(images, images=images.images.flip(2)) if split == "test" else images

    monkeypatch.setitem(CATALOG, "digits", load_turned)
    after = compare_inputs(trained, CONFIG, out).set_index("input_set")["measured"]
    assert (after["digits/test"] != before["digits/test"]).all()
    assert (after["constant=9"] == before["constant=9"]).all()


def test_the_record_names_all_that_the_tables_were_made_from(trained, out):
    compare_inputs(trained, CONFIG, out)
    record = json.loads((out.path / "comparison.json").read_text())
    expected = {"checkpoint", "train_images", "inputs", "images", "settings", "absent", "environment"}
    assert expected == record.keys()
    assert list(record["images"]) == ["digits/test"]


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"nodes": (0,)}, ToolkitError, r"path-0|nodes: .* got 0"),
        ({"inputs": ("digts",)}, UnknownNameError, "did you mean 'digits'"),
        ({"inputs": ()}, ConfigError, "at least one input set"),
    ],
)
def test_bad_settings_stop_before_any_work(trained, out, changes, error, words, monkeypatch):
    def work(*_):
        raise AssertionError("images were loaded")

    monkeypatch.setattr(comparison, "load_samples", work)
    monkeypatch.setattr(rungs, "training_mean", work)
    with pytest.raises(error, match=words):
        compare_inputs(trained, replace(CONFIG, **changes), out)
    assert not (out.path / "stages.json").exists()
