"""Commands in processes of their own, which tests kill: started by a server that has imported everything already."""

import os
import signal
import sys
import time
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

import psutil

from experiments.command_line import main
from experiments.study.sweep.sweeping import run_sweep
from tests.experiments.study.sweep.tiny import Recorder, tiny_experiment, tiny_sweep

SECONDS_TO_END = 10.0  # for the processes of a command that was killed, on a busy machine
SECONDS_BETWEEN_LOOKS = 0.002
LEFT_OUT = {"stages.json", "job.json"}
"""They hold the checksums of files in which there are times."""

SERVER = get_context("forkserver")
SERVER.set_forkserver_preload(
    [
        "tests.experiments.command_line.killing",
        "distributed",
        "experiments.command_line.compare",
        "experiments.command_line.demo",
        "experiments.command_line.gaps",
        "experiments.command_line.train",
        "paper_figures.predicted_against_measured",
    ]
)


def tiny_sweep_in(out):
    """Train and compare twice, on one worker."""
    result = run_sweep(tiny_sweep(models=("long",), seeds=(0, 1)), Path(out), Recorder(), tiny_experiment, workers=1)
    assert not result.failures


class Command:
    """A command, or a function, with its arguments, in a process and a session of its own."""

    def __init__(self, work, *arguments, output):
        self.output = output
        self._process = SERVER.Process(target=_run, args=(dict(os.environ), work, arguments, output))
        self._process.start()

    @property
    def pid(self):
        return self._process.pid

    def kill(self):
        """Kill it, and nothing but it; whether it was still at work."""
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.join()
        return self._process.exitcode == -signal.SIGKILL

    def wait(self, code=0, timeout=120):
        """Let it end, with this exit code; what it has printed."""
        self._process.join(timeout)
        assert self._process.exitcode == code, self.output.read_text()
        return self.output.read_text()

    def terminate(self, everyone=False):
        """Send SIGTERM to it, or to all processes of its session."""
        (os.killpg if everyone else os.kill)(self._process.pid, signal.SIGTERM)

    @property
    def has_ended(self):
        return self._process.exitcode is not None

    def left(self):
        """The processes that it has started, and that are still there, once they have had time to end."""
        deadline = time.monotonic() + SECONDS_TO_END
        while (left := session(self._process.pid)) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left


def session(leader):
    """Processes of a session that have not ended."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def kill_after_some_changes(command, directory, changes, pause):
    """Kill a command a moment after it has changed some files; whether it was still at work."""
    seen = state(directory)
    while changes and not command.has_ended:
        now = state(directory)
        changes, seen = changes - (now != seen), now
        time.sleep(SECONDS_BETWEEN_LOOKS)
    time.sleep(pause)
    return command.kill()


def state(directory):
    """Names, sizes and times of all files."""
    found = {}
    for path in directory.rglob("*"):
        with suppress(FileNotFoundError):
            status = path.stat()
            found[path] = (status.st_mtime_ns, status.st_size)
    return found


def contents(directory):
    """What is the same in every run: names of all files, bytes of those in which there are no times."""
    found = {}
    for path in sorted(directory.rglob("*")):
        if path.is_dir():
            continue
        held = path.read_bytes().replace(str(directory).encode(), b"OUT")
        if path.name == "log.csv":
            held = [line.split(b",")[:4] for line in held.splitlines()]
        is_fixed = path.suffix in (".csv", ".safetensors", ".json") and path.name not in LEFT_OUT
        found[str(path.relative_to(directory))] = held if is_fixed else None
    return found


def _run(environment, work, arguments, output):
    os.environ.update(environment)  # the server has that of the first test
    os.setsid()
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.stdout, sys.stderr = (os.fdopen(os.dup(number), "w", buffering=1) for number in (1, 2))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    work(*arguments)


def command_line(*arguments):
    main(list(map(str, arguments)))
