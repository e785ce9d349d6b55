"""The table of jobs: every combination once, and every mistake before anything starts."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curvature.errors import ConfigError, ToolkitError
from experiments.study.sweep.planning import plan_jobs
from tests.experiments.study.sweep.tiny import tiny_experiment, tiny_sweep


def names_of(known):
    return st.lists(st.sampled_from(known), min_size=1, unique=True).map(tuple)


@settings(max_examples=20, deadline=None)
@given(
    train_sets=names_of(["digits", "china", "flower", "mnist"]),
    models=names_of(["short", "long"]),
    seeds=st.lists(st.integers(0, 99), min_size=1, unique=True, max_size=4).map(tuple),
)
def test_every_combination_is_one_job_with_a_directory_of_its_own(train_sets, models, seeds):
    config = tiny_sweep(train_sets=train_sets, models=models, seeds=seeds)
    jobs = plan_jobs(config, Path("out"), tiny_experiment)
    assert len(jobs) == len(train_sets) * len(models) * len(seeds)
    assert len({job.path for job in jobs}) == len(jobs)
    for job in jobs:
        assert job.name == f"{job.train_set}-{job.preset}-{job.seed}"
        assert job.path.is_absolute()


def test_all_jobs_compare_the_same_images_with_the_same_noise(tmp_path):
    jobs = plan_jobs(tiny_sweep(seeds=(3, 4)), tmp_path, tiny_experiment)
    assert [job.seed for job in jobs] == [3, 4]
    assert {job.comparison for job in jobs} == {tiny_sweep().comparison()}
    assert jobs[0].comparison.inputs == ("constant=0", "digits")


def test_without_inputs_jobs_only_train(tmp_path):
    (job,) = plan_jobs(tiny_sweep(inputs=()), tmp_path, tiny_experiment)
    assert job.comparison is None


def test_fewer_steps_have_no_more_warm_up_than_that(tmp_path):
    (job,) = plan_jobs(tiny_sweep(models=("long",), seeds=(7,), steps=1), tmp_path, tiny_experiment)
    assert job.name == "digits-long-7"
    assert (job.experiment.training.steps, job.experiment.training.warmup_steps, job.seed) == (1, 1, 7)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_sets": ("digts",)}, r"unknown data set 'digts'; did you mean 'digits'"),
        ({"inputs": ("digts",)}, r"unknown data set 'digts'"),
        ({"inputs": ("digits:sepia",)}, r"unknown transform"),
        ({"nodes": (1, 0)}, r"path-0|nodes: .* got 0"),
        ({"nodes": (-1,), "inputs": ()}, r"path--1|nodes: .* got -1"),
    ],
)
def test_unknown_names_and_numbers_of_nodes_are_told(changes, message, tmp_path):
    with pytest.raises(ToolkitError, match=message):
        plan_jobs(tiny_sweep(**changes), tmp_path / "out", tiny_experiment)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("twice", [{"seeds": (1, 1)}, {"train_sets": ("digits", "digits")}])
def test_two_jobs_in_one_directory_are_refused(twice, tmp_path):
    with pytest.raises(ConfigError, match=r"two jobs would share the directory .*digits-short-"):
        plan_jobs(tiny_sweep(**twice), tmp_path, tiny_experiment)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("train_sets", ()), ("models", ()), ("seeds", ()), ("seeds", (-1,)), ("n_images", 1), ("steps", 0)],
)
def test_settings_outside_their_range_are_named(setting, value):
    with pytest.raises(ConfigError, match=f"sweep setting {setting}: expected"):
        tiny_sweep(**{setting: value})


def test_the_settings_are_there_without_torch():
    code = (
        "import sys, experiments.study.sweep.config; sys.exit(any(m in sys.modules for m in ('torch', 'distributed')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
