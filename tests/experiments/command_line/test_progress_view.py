"""What is seen of work in progress: bars in a terminal, plain lines elsewhere, and every message in full."""

import io

from rich.console import Console

from experiments.command_line.progress_view import ProgressBars


def tell(bars):
    with bars:
        for job in ("china", "flower"):
            for done in (1, 2, 3):
                bars.of(job)(done, 3, "curvature on digits/test")
        bars.of("china").say("comparison.csv [of china] is empty")


def test_in_a_pipe_there_is_a_line_now_and_then(capsys):
    tell(ProgressBars(Console(file=io.StringIO(), width=100)))
    assert capsys.readouterr().out.splitlines() == [
        "china: curvature on digits/test (1/3)",
        "china: curvature on digits/test (3/3)",
        "flower: curvature on digits/test (1/3)",
        "flower: curvature on digits/test (3/3)",
        "china: comparison.csv [of china] is empty",
    ]


def test_in_a_terminal_every_job_has_a_bar_and_messages_stand_above():
    out = io.StringIO()
    tell(ProgressBars(Console(file=out, width=100, force_terminal=True, color_system=None)))
    printed = out.getvalue()
    assert "china: comparison.csv [of china] is empty" in printed
    finished = [line for line in printed.splitlines() if "3/3" in line and "curvature on digits/test" in line]
    assert all(any(job in line for line in finished) for job in ("china", "flower"))


def test_one_job_alone_needs_no_name(capsys):
    with ProgressBars(Console(file=io.StringIO())) as bars:
        bars.of()(1, 1, "eigenvalues of H")
    assert capsys.readouterr().out == "eigenvalues of H (1/1)\n"
