import io

import pytest

from experiments.training.progress import TerminalProgress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_plain_lines_are_sparse_and_end_with_the_last_step(capsys):
    with TerminalProgress("china", seconds_between_lines=1e9) as progress:
        for step in range(1, 11):
            progress(step, 10, 4.5, 1000.0, 3661.4)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "china: step 1/10, 4.500 bits/dim, 1000 images/s, 1:01:01 left",
        "china: step 10/10, 4.500 bits/dim, 1000 images/s, 1:01:01 left",
    ]


def test_plain_lines_come_as_often_as_asked():
    stream = io.StringIO()
    with TerminalProgress(stream=stream, seconds_between_lines=0) as progress:
        for step in range(3):
            progress(step, 10, 4.5, 1000.0, 59.6)
    assert len(stream.getvalue().splitlines()) == 3
    assert "1:00 left" in stream.getvalue()


def test_a_terminal_gets_a_bar(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with TerminalProgress("china", stream) as progress:
        progress(5, 10, 4.5, 1000.0, 61.0)
        progress(10, 10, 4.25, 1000.0, 0.0)
    for part in ("china", "10/10", "4.250 bits/dim", "1000 images/s", "0:00 left"):
        assert part in stream.getvalue()


def test_the_bar_is_taken_down_when_training_breaks_off():
    stream = Terminal()
    with pytest.raises(KeyboardInterrupt), TerminalProgress("china", stream):
        raise KeyboardInterrupt
