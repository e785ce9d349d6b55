"""The study of families: its table and report from the tables of runs, its settings, and one real run."""

import json

import numpy as np
import pandas as pd
import pytest

from analysis.paper_pairs import Pair
from curvature.errors import ConfigError
from experiments.command_line.families import run
from experiments.command_line.families_options import FamiliesOptions
from experiments.models.registry import families
from experiments.paper.families import running
from experiments.paper.families.config import SMALL_PRESETS, FamiliesConfig
from experiments.paper.families.report import render
from experiments.paper.families.running import RECORD, REPORT, TABLE, run_families
from experiments.paper.families.table import COLUMNS, families_table
from experiments.paper.presets import PRESETS
from experiments.storage.run_directory import RunDirectory
from experiments.study.progress import SILENT
from experiments.study.sweep.job import do_job
from experiments.study.sweep.planning import plan_jobs
from experiments.study.sweep.results import collect_results
from experiments.study.sweep.sweeping import SweepResult

PAIR = Pair("china", "flower")
SETS = ("china/test", "flower/test", "china/test:contrast=0.5", "constant=128")


def test_every_family_has_a_small_preset():
    assert {PRESETS[name].gray.kind for name in SMALL_PRESETS} == set(families())


def sweep_rows(tmp_path, preset, measured, taylor2, volume_share, waic=None):
    """The rows of a finished job, and its run directory with the tables that a comparison writes."""
    run = RunDirectory.create(tmp_path / preset, {})
    shared = {"run_path": str(run.path), "preset": preset, "family": "glow", "model": "m", "train_set": "china"}
    shared |= {"training_steps": 7, "bpd": 4.0, "bpd_se": 0.1, "n_images": 9, "route": "hvp"}
    shared |= {"measured": measured, "measured_se": 0.05, "predicted_se": 0.1}
    rows = [
        {**shared, "input_set": name, "rung": rung, "predicted": value, "sign_agrees": value * measured > 0}
        for name in SETS
        for rung, value in (("full", 9.0), ("taylor2", taylor2), ("path-3", measured))
    ]
    run.write_csv("measurements.csv", pd.DataFrame({"input_set": SETS, "auroc": 0.25, "auroc_se": 0.02}))
    parts = pd.DataFrame({"input_set": SETS, "part": "log_det", "share_of_gap": volume_share, "share_of_gap_se": 0.01})
    run.write_csv("parts.csv", parts if volume_share is not None else parts.iloc[:0])
    if waic is not None:
        run.write_csv("waic.csv", pd.DataFrame({"input_set": SETS, "gap": waic, "gap_se": 0.3}))
    return pd.DataFrame(rows)


@pytest.fixture
def table(tmp_path):
    one = sweep_rows(tmp_path, "small-affine-glow", measured=-0.5, taylor2=1.2, volume_share=0.75)
    two = sweep_rows(tmp_path, "small-ensemble", measured=-0.01, taylor2=-0.5, volume_share=None, waic=1.5)
    return families_table([pd.concat([one, two], ignore_index=True)])


def test_the_table_has_one_row_for_each_model_and_set_with_what_its_runs_say(table):
    assert tuple(table.columns) == COLUMNS
    assert len(table) == 8
    glow = table[(table["preset"] == "small-affine-glow") & (table["input_set"] == "flower/test")].iloc[0]
    assert (glow["taylor2"], glow["path_3"], glow["volume_share"], glow["auroc"]) == (1.2, -0.5, 0.75, 0.25)
    assert not glow["taylor2_sign_agrees"]
    assert np.isnan(glow["waic_gap"])
    ensemble = table[table["preset"] == "small-ensemble"].iloc[0]
    assert ensemble["waic_gap"] == 1.5
    assert np.isnan(ensemble["volume_share"])


def test_the_report_marks_wrong_signs_and_unresolved_orders(table):
    record = {"package": {"git_commit": "abc"}, "torch": "2"}
    text = render(table, [PAIR], FamiliesConfig(), "the command", record)
    glow, ensemble = (line for line in text.splitlines() if line.startswith(("| affine-glow", "| ensemble")))
    assert "−0.500 ± 0.050 | more likely | +1.200 ± 0.100 ! |" in glow
    assert "75% ± 1%" in glow
    assert "not resolved" in ensemble
    assert "!" not in ensemble
    assert "| – |" in ensemble
    assert "WAIC of ensemble: gap +1.500 ± 0.300 bits/dim, where log p has −0.010 ± 0.050." in text
    assert "the command" in text


def test_one_training_set_twice_and_no_models_are_refused(tmp_path):
    pairs = [PAIR, Pair("china", "digits")]
    with pytest.raises(ConfigError, match="every training set once, got china 2 times"):
        run_families(pairs, FamiliesConfig(), tmp_path, RunDirectory(tmp_path), lambda: None, 1, "")  # type: ignore[arg-type,return-value]
    with pytest.raises(ConfigError, match="at least one"):
        FamiliesConfig(models=())


def sweep_in_this_process(config, out, watch, experiment_of, workers):
    """Do the jobs of a sweep one after the other, without worker processes."""
    jobs = plan_jobs(config, out, experiment_of)
    for job in jobs:
        RunDirectory.create(job.path, job.experiment)
        do_job(job, SILENT)
    return SweepResult(collect_results(jobs), out, ())


def test_a_run_writes_table_report_and_record(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "run_sweep", sweep_in_this_process)
    config = FamiliesConfig(models=("small-nice",), n_images=8, steps=2)
    run(FamiliesOptions(tmp_path / "out", tmp_path / "work", ("china:flower",), 1, config))
    assert set(pd.read_csv(tmp_path / "out" / TABLE)["input_set"]) == set(SETS)
    assert "| nice |" in (tmp_path / "out" / REPORT).read_text()
    record = json.loads((tmp_path / "out" / RECORD).read_text())
    assert set(record["environment"]["data"]) == {"china/test", "flower/test"}
