"""Two commands at the same time in one directory: the second is refused in one line, and no file is half-written."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.experiments.command_line.killing import Command, command_line, contents, state

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
QUICK = ["--inputs", "constant=9", "--n-images", 8, "--nodes", 1, "--mean-curvature-points", 0]


def test_compare_twice(tmp_path, tiny_run):
    """The first is stopped in the middle for as long as the second one takes."""
    out = tmp_path / "out"
    arguments = ["compare", "--model", tiny_run.path, "--out", out, *QUICK]
    first = Command(command_line, *arguments, output=tmp_path / "first.txt")
    while not (out / "config.json").exists():
        assert not first.has_ended, first.output.read_text()
    os.kill(first.pid, signal.SIGSTOP)
    try:
        held = state(out)
        second = Command(command_line, *arguments, output=tmp_path / "second.txt")
        (line,) = second.wait(code=2).splitlines()
        assert line.startswith(f"likelihood-curvature: {out}: is in use by process {first.pid} on ")
        assert state(out) == held
    finally:
        os.kill(first.pid, signal.SIGCONT)
    first.wait()
    third = Command(command_line, *arguments, output=tmp_path / "third.txt")
    third.wait()
    before = contents(out)
    assert not [name for name in before if name.startswith(".") or name.endswith(".tmp")]


DRAW = """
import sys
from pathlib import Path
from paper_figures.drawing import draw_figure
for _ in range(4):
    draw_figure("predicted-against-measured", Path(sys.argv[1]))
"""


def test_a_figure_is_drawn_by_two_processes_at_once(tmp_path, tiny_run):
    arguments = ["compare", "--model", tiny_run.path, "--out", tmp_path / "out", *QUICK]
    Command(command_line, *arguments, output=tmp_path / "output.txt").wait()
    drawing = [subprocess.Popen([sys.executable, "-c", DRAW, str(tmp_path / "out")], cwd=ROOT) for _ in range(2)]
    assert [process.wait(timeout=120) for process in drawing] == [0, 0]
    files = sorted(path.name for path in (tmp_path / "out" / "figures").iterdir())
    assert files == ["predicted_against_measured.pdf", "predicted_against_measured.png"]
