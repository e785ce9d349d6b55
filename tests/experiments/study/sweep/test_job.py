"""One job in this process: what it leaves on the disk, when it counts as finished, and how it stops."""

import json
import os
import re
import sys

import pytest
import torch

from experiments.data.location import DATA_ROOT_VARIABLE
from experiments.storage.run_directory import RunDirectory
from experiments.study.sweep import job as job_module
from experiments.study.sweep.completion import is_begun, is_finished
from experiments.study.sweep.job import attempt
from experiments.study.sweep.planning import plan_jobs
from experiments.training.checkpoint import read_checkpoint
from tests.experiments.study.sweep.tiny import tiny_experiment, tiny_sweep


@pytest.fixture
def planned(tmp_path):
    """Plan one job and make its run directory."""

    def plan(**changes):
        (job,) = plan_jobs(tiny_sweep(**changes), tmp_path, tiny_experiment)
        RunDirectory.create(job.path, job.experiment)
        return job

    threads = torch.get_num_threads()
    yield plan
    torch.set_num_threads(threads)


def do(job, environment=(), must_stop=lambda: False):
    told = []
    outcome = attempt(job, dict(environment), "tcp://here", told.append, must_stop)
    return outcome, told


def test_a_job_is_finished_when_all_that_it_makes_is_there(planned):
    job = planned()
    assert not is_finished(job)
    outcome, told = do(job)
    assert (outcome.state, outcome.message) == ("done", "")
    assert told[0] == {"tries": 1, "place": "tcp://here"}
    assert any(report.get("doing", "").startswith("training: ") for report in told)
    assert is_finished(job)
    assert is_begun(job)
    assert set(json.loads((job.path / "job.json").read_text())["files"]) >= {"checkpoint.safetensors", "comparison.csv"}
    log = (job.path / "job.log").read_text()
    assert "=== try 1 at" in log
    assert re.search(r"^digits-short-0: training: .* \(6/6\)$", log, re.MULTILINE)


def cut_in_half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("spoil", [cut_in_half, os.unlink])
def test_a_file_that_is_changed_or_gone_makes_its_stage_due_again_and_no_other(planned, spoil):
    job = planned()
    do(job)
    trained = (job.path / "checkpoint.safetensors").stat()
    wanted = (job.path / "comparison.csv").read_bytes()
    spoil(job.path / "comparison.csv")
    assert not is_finished(job)
    outcome, told = do(job)
    assert outcome.state == "done"
    assert told[0]["tries"] == 2
    assert not any(report.get("doing", "").startswith("training") for report in told)
    assert (job.path / "comparison.csv").read_bytes() == wanted
    assert "comparison is made again" in (job.path / "job.log").read_text()
    after = (job.path / "checkpoint.safetensors").stat()
    assert (after.st_ino, after.st_mtime_ns) == (trained.st_ino, trained.st_mtime_ns)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"experiment": {}, "comparison": null, "files": {}}'])
def test_a_damaged_or_foreign_record_counts_as_not_finished(planned, text):
    job = planned(inputs=())
    (job.path / "job.json").write_text(text)
    assert not is_finished(job)


def test_an_error_is_an_outcome_and_a_traceback_in_the_log(planned):
    job = planned(models=("misfit",))
    outcome, _ = do(job)
    assert outcome.state == "failed"
    assert "divisible by 16" in outcome.message
    assert "\n" not in outcome.message
    assert "Traceback (most recent call last)" in (job.path / "job.log").read_text()
    assert not is_finished(job)


def test_a_job_that_is_asked_to_stop_keeps_what_it_has_reached_and_goes_on_from_there(planned):
    job = planned(models=("long",), inputs=())
    asked = iter([False] * 5 + [True] * 99)
    outcome, _ = do(job, must_stop=lambda: next(asked))
    assert outcome.state == "interrupted"
    assert read_checkpoint(job.path / "checkpoint.safetensors").step == 6
    assert not is_finished(job)
    assert do(job)[0].state == "done"
    assert re.search(r"^digits-long-0: training: .* \(7/60\)$", (job.path / "job.log").read_text(), re.MULTILINE)


def test_what_a_job_prints_goes_to_its_log_with_the_submitters_data_root(planned, monkeypatch, capsys):
    seen = []

    def print_surroundings(job, progress):
        seen.extend((os.environ[DATA_ROOT_VARIABLE], os.environ["OMP_NUM_THREADS"], torch.get_num_threads()))
        print("to standard output")
        print("to standard error", file=sys.stderr)

    monkeypatch.setattr(job_module, "do_job", print_surroundings)
    monkeypatch.delenv(DATA_ROOT_VARIABLE, raising=False)
    job = planned()
    do(job, {DATA_ROOT_VARIABLE: "/data/elsewhere"})
    assert seen == ["/data/elsewhere", "1", 1]
    assert DATA_ROOT_VARIABLE not in os.environ
    assert "to standard output\nto standard error\n" in (job.path / "job.log").read_text()
    assert capsys.readouterr() == ("", "")


def test_a_worker_that_does_not_see_the_run_directory_says_so(tmp_path):
    (job,) = plan_jobs(tiny_sweep(), tmp_path / "not mounted", tiny_experiment)
    outcome, _ = do(job)
    assert outcome.state == "failed"
    assert "does not see the run directory" in outcome.message
    assert not (tmp_path / "not mounted").exists()
