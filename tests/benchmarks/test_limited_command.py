"""Commands with a time limit: what ends by itself, what is asked to stop, and what has to be ended."""

import sys
import time

from benchmarks import limited_command
from benchmarks.limited_command import last_line, run_within


def python(code):
    return [sys.executable, "-c", code]


def test_a_command_that_ends_by_itself(tmp_path):
    outcome = run_within(python("print('one'); print('two')"), 60, tmp_path / "log")
    assert (outcome.exit_code, outcome.in_time, outcome.finished) == (0, True, True)
    assert last_line(tmp_path / "log") == "two"


def test_a_command_that_fails_says_why(tmp_path):
    outcome = run_within(python("raise SystemExit('no images')"), 60, tmp_path / "log")
    assert (outcome.exit_code, outcome.in_time, outcome.finished) == (1, True, False)
    assert last_line(tmp_path / "log") == "no images"


def test_a_command_out_of_time_may_put_its_things_in_order(tmp_path):
    code = "import time\ntry:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    print('kept')"
    outcome = run_within(python(code), 1, tmp_path / "log")
    assert (outcome.in_time, outcome.finished) == (False, False)
    assert last_line(tmp_path / "log") == "kept"


def test_a_command_that_does_not_stop_is_ended_with_its_children(tmp_path, monkeypatch):
    monkeypatch.setattr(limited_command, "SECONDS_TO_STOP", 0.2)
    mark = tmp_path / "late"
    child = f"import time, pathlib; time.sleep(2); pathlib.Path({str(mark)!r}).touch()"
    code = (
        "import signal, subprocess, sys, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}])\ntime.sleep(60)"
    )
    begun = time.monotonic()
    outcome = run_within(python(code), 0.8, tmp_path / "log")
    assert outcome.exit_code < 0
    assert outcome.seconds < 30
    time.sleep(max(0.0, 3.5 - (time.monotonic() - begun)))
    assert not mark.exists()
