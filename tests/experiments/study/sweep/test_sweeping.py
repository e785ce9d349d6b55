"""Sweeps on real worker processes: deaths, failures, invocations that follow, Ctrl-C, a scheduler elsewhere."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass

import dask
import pandas as pd
import pytest
from distributed import Client

from experiments.storage.run_directory import RunDirectory
from experiments.study.sweep.job import attempt
from experiments.study.sweep.planning import plan_jobs
from experiments.study.sweep.sweeping import run_sweep
from experiments.training.checkpoint import read_checkpoint
from experiments.training.log import read_log
from tests.experiments.study.sweep.tiny import Killer, Recorder, tiny_experiment, tiny_sweep

pytestmark = pytest.mark.slow


def files_of(run):
    """Identity, time and size of every file in a run directory."""
    stats = {path: path.stat() for path in run.rglob("*") if path.is_file()}
    return {path: (stat.st_ino, stat.st_mtime_ns, stat.st_size) for path, stat in stats.items()}


def undisturbed(config, out):
    """Do the jobs of a sweep in this process, one after the other."""
    jobs = plan_jobs(config, out, tiny_experiment)
    for job in jobs:
        RunDirectory.create(job.path, job.experiment)
        assert attempt(job, {}, "here", lambda report: None, lambda: False).state == "done"
    return jobs


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """Three jobs: one whose worker is killed in the middle, one that fails, one more: (config, out, watch, result)."""
    out = tmp_path_factory.mktemp("sweep") / "out"
    config = tiny_sweep(models=("long", "misfit", "short"))
    watch = Killer(victim="digits-long-0")
    return config, out, watch, run_sweep(config, out, watch, workers=2, experiment_of=tiny_experiment)


def test_a_killed_workers_job_is_redone_from_its_checkpoint_to_the_same_bits(swept, tmp_path):
    _, out, watch, _ = swept
    assert watch.times == 0
    assert watch.starts("digits-long-0") == [1, 2]
    (alone,) = undisturbed(tiny_sweep(models=("long",)), tmp_path)
    redone = out / "digits-long-0"
    kept, wanted = (read_checkpoint(path / "checkpoint.safetensors") for path in (redone, alone.path))
    assert kept.step == wanted.step == 60
    for group in ("model", "average", "optimizer"):
        tensors, others = getattr(kept, group), getattr(wanted, group)
        assert tensors.keys() == others.keys()
        assert all(tensor.equal(others[name]) for name, tensor in tensors.items())
    assert [row.step for row in read_log(redone / "log.csv")] == list(range(1, 61))
    assert [row.bits_per_dim for row in read_log(redone / "log.csv")] == [
        row.bits_per_dim for row in read_log(alone.path / "log.csv")
    ]
    went_on_at = int(re.findall(r"=== try 2 .*\n.*\((\d+)/60\)", (redone / "job.log").read_text())[0])
    assert went_on_at > 4, "from a checkpoint, not from the start"
    pd.testing.assert_frame_equal(
        pd.read_csv(redone / "comparison.csv"), pd.read_csv(alone.path / "comparison.csv"), check_exact=True
    )


def test_a_failing_job_stops_no_other_and_is_reported_with_its_log(swept):
    _, out, watch, result = swept
    (failure,) = result.failures
    assert failure.job == "digits-misfit-0"
    assert "divisible by 16" in failure.message
    assert failure.log == (out / failure.job / "job.log")
    assert "Traceback (most recent call last)" in failure.log.read_text()
    assert failure.message in failure.log.read_text().splitlines()[-1]
    assert ("ended", "digits-short-0", "done") in watch.told


def test_the_table_names_every_finished_run_and_where_it_lies(swept):
    _, out, _, result = swept
    table = pd.read_csv(out / "sweep.csv")
    pd.testing.assert_frame_equal(table, result.results, check_dtype=False)
    assert set(table["run_path"]) == {str(out / "digits-long-0"), str(out / "digits-short-0")}
    assert set(table["input_set"]) == {"constant=0", "digits/test"}
    assert set(table["training_steps"]) == {60, 6}
    assert (table["bpd_se"] >= 0).all()
    comparison = pd.read_csv(out / "digits-short-0" / "comparison.csv")
    own = table[table["run"] == "digits-short-0"].reset_index(drop=True)
    pd.testing.assert_frame_equal(own[comparison.columns], comparison)
    record = json.loads((out / "sweep.json").read_text())
    assert record["sweep"]["train_sets"] == ["digits"]
    assert len(record["jobs"]) == 3
    assert record["environment"]["torch"]


def test_finished_jobs_are_not_redone_by_a_later_invocation(swept):
    config, out, _, _ = swept
    before = {name: files_of(out / name) for name in ("digits-long-0", "digits-short-0")}
    watch = Recorder()
    result = run_sweep(config, out, watch, workers=1, experiment_of=tiny_experiment)
    assert watch.told[0][2] == ["digits-long-0", "digits-short-0"]
    assert {entry[1] for entry in watch.told if entry[0] == "started"} == {"digits-misfit-0"}
    assert before == {name: files_of(out / name) for name in before}
    assert len(result.failures) == 1


def test_a_job_that_loses_worker_after_worker_is_given_up(tmp_path):
    config = tiny_sweep(models=("long", "short"), inputs=())
    watch = Killer(victim="digits-long-0", times=10)
    with dask.config.set({"distributed.scheduler.allowed-failures": 1}):
        result = run_sweep(config, tmp_path / "out", watch, workers=1, experiment_of=tiny_experiment)
    (failure,) = result.failures
    assert failure.job == "digits-long-0"
    assert "its worker died 2 times" in failure.message
    assert failure.message in failure.log.read_text()
    assert ("ended", "digits-short-0", "done") in watch.told
    assert list(result.results["run"]) == ["digits-short-0"]


SCRIPT = """
from pathlib import Path
from experiments.command_line.sweep_view import SweepProgress
from experiments.study.sweep.sweeping import SweepInterrupted, run_sweep
from rich.console import Console
from tests.experiments.study.sweep.tiny import tiny_experiment, tiny_sweep
import signal
import sys

if __name__ == "__main__":
    # Ignored, where the tests were started in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config = tiny_sweep(models=("endless",), seeds=(0, 1))
    try:
        with SweepProgress(Console(width=200)) as progress:
            run_sweep(config, Path(sys.argv[1]), progress, workers=1, experiment_of=tiny_experiment)
    except SweepInterrupted as interrupt:
        print(interrupt, file=sys.stderr)
        sys.exit(interrupt.exit_code)
"""


def test_ctrl_c_keeps_what_jobs_have_reached_and_says_how_to_go_on(tmp_path):
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        lines = iter(process.stdout.readline, "")
        assert any("training: " in line for line in lines)
        os.killpg(process.pid, signal.SIGINT)  # as the terminal does: to every process of the group
        printed, complaint = process.communicate(timeout=180)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "stopping: running jobs keep what they have reached" in printed
    assert complaint.count("\n") == 1, complaint
    assert "0 of 2 jobs are finished" in complaint
    assert "give the same command again to go on" in complaint
    reached = read_log(out / "digits-endless-0" / "log.csv")[-1].step
    assert read_checkpoint(out / "digits-endless-0" / "checkpoint.safetensors").step == reached
    assert not (out / "digits-endless-1" / "job.log").exists()


@contextmanager
def scheduler_elsewhere(directory, workers):
    """A scheduler and its workers in processes of their own; yields the scheduler's address."""
    contact = directory / "scheduler.json"
    base = [sys.executable, "-m"]
    scheduler = [*base, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    worker = [*base, "distributed.cli.dask_worker", "--nthreads", "1", "--no-dashboard", "--no-nanny"]
    running = [
        subprocess.Popen([*command, "--scheduler-file", str(contact)], cwd=directory, stderr=subprocess.DEVNULL)
        for command in (scheduler, *[worker] * workers)
    ]
    try:
        deadline = time.monotonic() + 90
        while not contact.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        address = json.loads(contact.read_text())["address"]
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=90)
        yield address
    finally:
        for process in reversed(running):  # the workers first: they say goodbye to the scheduler
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:  # the library's own farewell may hang
                process.kill()
                process.wait()


@dataclass
class Retirer(Recorder):
    """Sends the first worker that trains into retirement, as the end of its lifetime would."""

    scheduler: str = ""
    retired: str = ""
    place: str = ""

    def started(self, job, tries, place):
        super().started(job, tries, place)
        self.place = place

    def doing(self, job, words):
        super().doing(job, words)
        if not self.retired:
            self.retired = self.place
            with Client(self.scheduler, set_as_default=False) as client:
                client.retire_workers([self.retired])


def test_a_scheduler_elsewhere_whose_worker_retires_in_the_middle_of_a_job(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    config = tiny_sweep(models=("long",))
    with scheduler_elsewhere(elsewhere, workers=2) as address:
        watch = Retirer(scheduler=address)
        result = run_sweep(config, tmp_path / "out", watch, scheduler=address, experiment_of=tiny_experiment)
    assert not result.failures
    assert watch.starts("digits-long-0") == [1, 2]
    assert watch.place != watch.retired
    assert set(result.results["input_set"]) == {"constant=0", "digits/test"}
    assert [row.step for row in read_log(tmp_path / "out" / "digits-long-0" / "log.csv")] == list(range(1, 61))
    log = (tmp_path / "out" / "digits-long-0" / "job.log").read_text()
    assert "interrupted: training interrupted, step" in log
