"""Progress of the demo's two directions: a bar for each in a terminal, otherwise a plain line now and then."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from experiments.command_line.demo_directions import Report

SECONDS_BETWEEN_LINES = 10.0


class DirectionsProgress:
    """Shows the reports of several directions that run at the same time."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.fields[train_set]:>6}"), BarColumn(), MofNCompleteColumn())
        self._bars = Progress(*columns, TextColumn("{task.description}"), console=console)
        self._is_terminal = console.is_terminal
        self._tasks: dict[str, TaskID] = {}
        self._last_line: dict[str, float] = {}

    def __enter__(self) -> "DirectionsProgress":
        if self._is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def __call__(self, report: Report) -> None:
        """Show one report."""
        if not self._is_terminal:
            self._print_now_and_then(report)
            return
        name = report.train_set
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(report.doing, train_set=name, total=report.total)
        self._bars.update(self._tasks[name], completed=report.done, total=report.total, description=report.doing)

    def _print_now_and_then(self, report: Report) -> None:
        now = time.monotonic()
        if now - self._last_line.get(report.train_set, 0.0) >= SECONDS_BETWEEN_LINES:
            self._last_line[report.train_set] = now
            print(f"{report.train_set}: {report.done}/{report.total} {report.doing}", flush=True)
