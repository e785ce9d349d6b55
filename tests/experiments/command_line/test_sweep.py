"""The command `sweep`: what a person sees, and one line for every mistake."""

import io
import sys

import pandas as pd
import pytest
from rich.console import Console

from experiments.command_line import main
from experiments.command_line.sweep_view import SweepProgress, show_sweep
from experiments.study.sweep.job import Outcome
from experiments.study.sweep.planning import plan_jobs
from experiments.study.sweep.sweeping import Failure, SweepResult
from tests.experiments.study.sweep.tiny import tiny_experiment, tiny_sweep


def fail(capsys, *arguments, code=2):
    with pytest.raises(SystemExit) as stop:
        main(["sweep", *map(str, arguments)])
    assert stop.value.code == code
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("likelihood-curvature: ")
    return line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--train-sets", "digts"], "did you mean 'digits'"),
        (["--train-sets", "digits", "--models", "laptpo"], "did you mean 'laptop'"),
        (["--train-sets", "digits", "--seeds", "1", "1"], "two jobs would share"),
        (["--train-sets", "digits", "--inputs", "digits:sepia"], "unknown transform"),
        (["--train-sets", "digits", "--inputs", "constant=3", "--nodes", "0"], "0"),
        (["--train-sets", "digits", "--scheduler", "nonsense"], "no scheduler answers at 'nonsense'"),
        (["--train-sets", "digits", "--workers", "0"], "--workers"),
    ],
)
def test_mistakes_are_one_line_and_nothing_is_trained(arguments, words, capsys, tmp_path):
    assert words in fail(capsys, *arguments, "--out", tmp_path / "out")
    assert not list(tmp_path.rglob("job.log"))


def test_without_the_library_the_extra_is_named(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert "likelihood-curvature[cluster]" in fail(capsys, "--train-sets", "digits", "--out", tmp_path / "out")


@pytest.fixture
def jobs(tmp_path):
    return plan_jobs(tiny_sweep(seeds=(0, 1, 2)), tmp_path, tiny_experiment)


def tell(progress, jobs):
    with progress:
        progress.planned(jobs, jobs[:1])
        progress.workers(2)
        progress.started(jobs[1], 2, "tcp://there")
        progress.doing(jobs[1], "training: step 3/6")
        progress.doing(jobs[1], "training: step 4/6")
        progress.ended(jobs[1], Outcome("failed", "too wide [bold]", 3.0))
        progress.workers(0)


def test_in_a_pipe_every_change_is_a_line(jobs):
    out = io.StringIO()
    tell(SweepProgress(Console(file=out, width=100)), jobs)
    assert out.getvalue().splitlines() == [
        "digits-short-0: done (finished before)",
        "digits-short-1: planned",
        "digits-short-2: planned",
        "workers: 2",
        "digits-short-1: running on tcp://there, try 2",
        "digits-short-1: training: step 3/6",
        "digits-short-1: failed (too wide [bold])",
        "no workers yet: waiting for the first",
    ]


def test_in_a_terminal_one_table_shows_all_jobs(jobs):
    out = io.StringIO()
    tell(SweepProgress(Console(file=out, width=100, force_terminal=True, color_system=None)), jobs)
    last = out.getvalue().rsplit("3 jobs:", 1)[1]
    assert last.startswith(" 1 planned, 1 done, 1 failed; no workers")
    assert "failed (try 2)" in last
    assert "too wide [bold]" in last


def test_at_the_end_likelihoods_with_standard_errors_and_failures_with_logs(tmp_path):
    rows = {"run": "r", "rung": ["full", "path"], "input_set": "svhn/test", "bpd": 2.5, "bpd_se": 0.25}
    table = pd.DataFrame({**rows, "measured": -0.5, "measured_se": 0.125, "n_images": 9})
    failure = Failure("digits-short-1", "too wide", tmp_path / "job.log")
    out = io.StringIO()
    show_sweep(SweepResult(table, tmp_path / "sweep.csv", (failure,)), Console(file=out, width=300))
    printed = out.getvalue()
    assert printed.count("svhn/test") == 1
    assert "2.500 ± 0.250" in printed
    assert "-0.500 ± 0.125" in printed
    assert f"digits-short-1 failed: too wide; log: {tmp_path / 'job.log'}" in printed
    assert str(tmp_path / "sweep.csv") in printed
