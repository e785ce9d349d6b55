"""Jobs in real worker processes: reports, errors as messages, deaths, and Ctrl-C."""

import os
import signal
import subprocess
import sys
from functools import partial

import psutil
import pytest

from experiments.study.progress import Progress
from experiments.study.workers import JobFailed, WorkerKilled, run_jobs
from tests.experiments.study import jobs

pytestmark = pytest.mark.slow


class Watcher:
    """Keeps what every job tells."""

    def __init__(self):
        self.shown, self.said = {}, {}

    def of(self, name):
        shown, said = self.shown.setdefault(name, []), self.said.setdefault(name, [])
        return Progress(lambda *report: shown.append(report), said.append)


def test_reports_of_all_jobs_arrive_and_an_error_is_told_after_the_others_are_done():
    watcher = Watcher()
    with pytest.raises(JobFailed, match=r"^wrong: a setting of 7 is wrong$"):
        run_jobs({"wrong": jobs.fail, "good": jobs.count}, 1, watcher.of)
    assert watcher.shown["good"] == [(done, 3, "counting") for done in (1, 2, 3)]
    assert watcher.said["good"] == ["1 thread"]
    assert watcher.shown["wrong"] == []


def test_a_killed_process_is_told_with_what_to_do():
    with pytest.raises(WorkerKilled, match=r"was killed, .* fewer --jobs: what is finished is kept"):
        run_jobs({"dies": jobs.die}, 1, Watcher().of)


def test_when_one_process_is_killed_the_others_keep_what_they_have(tmp_path):
    begun, kept = tmp_path / "begun", tmp_path / "kept"
    work = {"works": partial(jobs.run_until_stopped, kept=kept, begun=begun)}
    with pytest.raises(WorkerKilled):
        run_jobs({**work, "dies": partial(jobs.die_after, path=begun)}, 2, Watcher().of)
    assert kept.read_text() == "checkpoint"


def test_an_error_of_a_watcher_stops_the_jobs(tmp_path):
    def close(*_):
        raise BrokenPipeError

    kept = tmp_path / "kept"
    with pytest.raises(BrokenPipeError):
        run_jobs({"works": partial(jobs.run_until_stopped, kept=kept)}, 1, lambda name: Progress(close))
    assert kept.read_text() == "checkpoint"


def test_no_process_outlives_one_that_is_killed(tmp_path):
    command = [sys.executable, "-m", "tests.experiments.study.jobs", str(tmp_path)]
    process = subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout.readline()
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 2
    process.kill()
    process.communicate(timeout=60)
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("to_all", [True, False])
def test_ctrl_c_lets_running_jobs_keep_what_they_have(tmp_path, to_all):
    """From a terminal it reaches every process; sent to the command alone, the jobs are asked to stop."""
    command = [sys.executable, "-m", "tests.experiments.study.jobs", str(tmp_path)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, text=True, start_new_session=True, **pipes)
    try:
        seen = set()
        while seen != {"a", "b"}:
            seen.add(process.stdout.readline().strip())
        (os.killpg if to_all else os.kill)(process.pid, signal.SIGINT)
        _, complaint = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert complaint == ""
    assert {"a", "b"} <= set(os.listdir(tmp_path))
    if not to_all:  # otherwise the third may begin before this process knows of the Ctrl-C
        assert not (tmp_path / "c").exists()
