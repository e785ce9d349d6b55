"""The command line in terminals, pipes and locales of all kinds, and under Ctrl-C: one line, the right code."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from experiments.command_line import main

COMMAND = [sys.executable, "-m", "experiments.command_line"]
ASCII = (
    {"PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    {"PYTHONIOENCODING": "latin-1"},
)


def run(*arguments, variables=None, **settings):
    environment = {**os.environ, **(variables or {})}
    return subprocess.run([*COMMAND, *arguments], env=environment, timeout=60, check=False, **settings)


@pytest.mark.slow
@pytest.mark.parametrize("variables", ASCII, ids=str)
@pytest.mark.parametrize("arguments", [("data", "moments", "digits"), ("train", "--help")], ids=" ".join)
def test_characters_that_the_terminal_lacks_are_replaced(arguments, variables, tmp_path):
    done = run(*arguments, variables=variables, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    assert b"Range: from 1 to 10^9" in done.stdout or re.search(rb"\d (\+-|\xb1) \d", done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("variables", ASCII, ids=str)
def test_mistakes_are_told_there_too(variables):
    done = run("train", "--data.train-set", "☃", variables=variables, capture_output=True)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert b"unknown data set" in line


@pytest.mark.slow
def test_a_reader_that_has_enough_ends_the_command_with_the_code_of_a_closed_pipe():
    # Nothing of this is read: the pipe is closed before the first line is written.
    with subprocess.Popen([*COMMAND, "data", "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.wait(timeout=60) == 141
        assert process.stderr.read() == b""


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_behind_standard_output_is_one_line():
    with open("/dev/full", "w") as full:
        done = run("data", "list", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert b"No space left on device" in line


def test_an_interrupt_inside_an_exec_gives_the_exit_code_too(tmp_path):
    program = (
        "from experiments.command_line.exits import told_in_one_line\n"
        "with told_in_one_line():\n    exec('raise KeyboardInterrupt')\n"
    )
    (tmp_path / "interrupted_program.py").write_text(program)
    path = os.pathsep.join([str(tmp_path), os.getcwd()])
    command = [sys.executable, "-m", "interrupted_program"]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == 130, done.stderr
    assert done.stderr == "likelihood-curvature: interrupted\n"


def wait_until_python_takes_signals(process):
    """A process that has hardly begun is ended by the system, not by Python; only Linux tells."""
    status = Path(f"/proc/{process.pid}/status")
    while status.exists():
        assert process.poll() is None, "the command ended by itself; is SIGINT ignored here, as behind `&` in a script?"
        caught = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("SigCgt"))
        if int(caught, 16) >> (signal.SIGINT - 1) & 1:
            return
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.3, 0.6, 0.9, 1.5])
@pytest.mark.parametrize("command", ["train", "demo", "verify"])
def test_ctrl_c_in_the_first_seconds_is_one_line(command, seconds, tmp_path):
    out = [] if command == "verify" else ["--out", str(tmp_path / "out")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*COMMAND, command, *out], start_new_session=True, text=True, **pipes) as process:
        wait_until_python_takes_signals(process)
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    (line,) = errors.splitlines()
    assert line.startswith("likelihood-curvature: ")
    assert "interrupted" in line


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FileNotFoundError(2, "No such file or directory", "weights"), "weights: No such file or directory"),
        (PermissionError(13, "Permission denied", "out/config.json"), "out/config.json: Permission denied"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (BrokenPipeError(32, "Broken pipe"), "Broken pipe"),
        (MemoryError(), "the memory was not enough"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"), "memory"),
    ],
)
def test_what_the_system_refuses_is_one_line(error, words, monkeypatch, capfd):
    def fail(*_):
        raise error

    monkeypatch.setattr("experiments.command_line.data._list", fail)
    with pytest.raises(SystemExit) as stop:
        main(["data", "list"])
    assert stop.value.code == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert words in line


def test_a_mistake_in_the_program_keeps_its_traceback(monkeypatch):
    def fail(*_):
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr("experiments.command_line.data._list", fail)
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        main(["data", "list"])


def test_ctrl_c_is_handled_by_python_again_afterwards(capsys):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(SystemExit):
        main(["data", "lsit"])
    assert signal.getsignal(signal.SIGINT) is before
