"""Progress of training: the callback that `train` takes, and one that draws a bar or prints lines."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


class Progress(Protocol):
    """What `train` calls after every row of the log. A KeyboardInterrupt raised here stops training as Ctrl-C does."""

    def __call__(
        self, step: int, steps: int, bits_per_dim: float, images_per_second: float, seconds_left: float
    ) -> None:
        """Take note of the steps done, the steps in all, the recent loss (bits/dim), the speed and the time left."""
        ...


class TerminalProgress:
    """Progress with loss, speed and time left: a bar in a terminal, otherwise a plain line now and then.

    Parameters
    ----------
    description
        What is being trained.
    stream
        Where to print; standard output unless given.
    seconds_between_lines
        Shortest time between two plain lines; the first and the last are always printed.

    Examples
    --------
    ``with TerminalProgress("china") as progress: train(model, images, config, run, progress=progress)``
    """

    def __init__(
        self, description: str = "training", stream: TextIO | None = None, seconds_between_lines: float = 10.0
    ) -> None:
        self.description = description
        self.stream = stream
        self.seconds_between_lines = seconds_between_lines
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None
        self._last_line: float | None = None

    def __enter__(self) -> "TerminalProgress":
        stream = self.stream or sys.stdout
        if stream.isatty():
            self._bar = _make_bar(stream)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = self._task = None

    def __call__(
        self, step: int, steps: int, bits_per_dim: float, images_per_second: float, seconds_left: float
    ) -> None:
        """Show the state after `step` of `steps` steps."""
        bpd, speed, left = f"{bits_per_dim:.3f}", f"{images_per_second:.0f}", f"{_clock(seconds_left)}"
        if self._bar is not None:
            if self._task is None:
                self._task = self._bar.add_task(self.description, total=steps, bpd=bpd, speed=speed, left=left)
            self._bar.update(self._task, completed=step, bpd=bpd, speed=speed, left=left)
            return
        now = time.monotonic()
        if self._last_line is None or step == steps or now - self._last_line >= self.seconds_between_lines:
            self._last_line = now
            line = f"{self.description}: step {step}/{steps}, {bpd} bits/dim, {speed} images/s, {left} left"
            print(line, file=self.stream or sys.stdout, flush=True)


def _make_bar(stream: TextIO) -> "RichProgress":
    """Lay out the bar; rich is imported only where one is drawn."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as RichProgress

    return RichProgress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[bpd]} bits/dim"),
        TextColumn("{task.fields[speed]} images/s"),
        TextColumn("{task.fields[left]} left"),
        console=Console(file=stream),
    )


def _clock(seconds: float) -> str:
    """Minutes and seconds, hours in front where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
