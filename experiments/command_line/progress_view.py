"""Progress on the screen: a bar for every job in a terminal, and occasional plain lines elsewhere."""

from functools import partial
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from experiments.study.progress import Progress, plain_lines


class ProgressBars:
    """Shows the progress of one or several jobs.

    Examples
    --------
    ``with ProgressBars(console) as bars: compare_inputs(trained, config, out, bars.of())``
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        columns = (
            TextColumn("{task.fields[job]}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        self._bars = RichProgress(*columns, TextColumn("{task.description}", markup=False), console=console)
        self._tasks: dict[str, TaskID] = {}
        self._lines: dict[str, Progress] = {}

    def __enter__(self) -> "ProgressBars":
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._bars.stop()

    def of(self, job: str = "") -> Progress:
        """Return the progress of the job of this name; a single job needs no name."""
        if not self._console.is_terminal:
            return self._lines.setdefault(job, plain_lines(partial(print, flush=True), job))
        if job not in self._tasks:
            self._tasks[job] = self._bars.add_task("", job=job, total=None)
        return Progress(partial(self._show, self._tasks[job]), partial(self._say, job))

    def _show(self, task: TaskID, done: int, total: int, what: str) -> None:
        self._bars.update(task, completed=done, total=total, description=what)

    def _say(self, job: str, words: str) -> None:
        text = f"{job}: {words}" if job else words
        self._console.print(text, soft_wrap=True, highlight=False, markup=False)
