"""The output of a sweep: a live table of jobs (plain lines outside a terminal), then likelihoods and failures."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

import pandas as pd
from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from experiments.study.sweep.completion import is_begun
from experiments.study.sweep.job import Outcome
from experiments.study.sweep.planning import Job
from experiments.study.sweep.sweeping import Failure, SweepResult

COLOURS = {"planned": "dim", "running": "cyan", "done": "green", "failed": "bold red", "interrupted": "yellow"}
ROWS_AT_ONCE = 24
SECONDS_BETWEEN_LINES = 10.0


@dataclass
class _Row:
    """A job as the table shows it."""

    state: str = "planned"
    doing: str = ""
    tries: int = 0
    last_line: float = 0.0


class SweepProgress:
    """Shows planned, running, done and failed jobs: a live table in a terminal, otherwise a line for every change."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rows: dict[str, _Row] = {}
        self._workers: int | None = None
        self._live: Live | None = None
        if console.is_terminal:
            self._live = Live(console=console, get_renderable=self._table, refresh_per_second=4)

    def __enter__(self) -> "SweepProgress":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def planned(self, jobs: Sequence[Job], finished: Sequence[Job]) -> None:
        """Show the plan."""
        done = {job.name for job in finished}
        for job in jobs:
            row = self._rows[job.name] = _Row()
            if job.name in done:
                row.state, row.doing = "done", "finished before"
            elif is_begun(job):
                row.doing = "goes on from its checkpoint"
            self._line(f"{job.name}: {row.state}" + (f" ({row.doing})" if row.doing else ""))

    def workers(self, count: int) -> None:
        """Show how many workers there are."""
        if count != self._workers:
            self._workers = count
            self._line(f"workers: {count}" if count else "no workers yet: waiting for the first")

    def started(self, job: Job, tries: int, place: str) -> None:
        """Show that a job runs, and whether it was begun before."""
        row = self._rows[job.name]
        row.state, row.tries, row.doing = "running", tries, ""
        again = f", try {tries}" if tries > 1 else ""
        self._line(f"{job.name}: running on {place}{again}")

    def doing(self, job: Job, words: str) -> None:
        """Show what a running job does."""
        row = self._rows[job.name]
        row.doing = words
        now = time.monotonic()
        if now - row.last_line >= SECONDS_BETWEEN_LINES:
            row.last_line = now
            self._line(f"{job.name}: {words}")

    def ended(self, job: Job, outcome: Outcome) -> None:
        """Show how a job ended."""
        row = self._rows[job.name]
        row.state = outcome.state
        row.doing = outcome.message or f"{outcome.seconds:.0f} s"
        self._line(f"{job.name}: {row.state} ({row.doing})")

    def stopping(self) -> None:
        """Say that jobs are being stopped after Ctrl-C."""
        self._console.print("stopping: running jobs keep what they have reached (Ctrl-C again: stop at once)")

    def _line(self, text: str) -> None:
        """Print a plain line where there is no live table."""
        if self._live is None:
            self._console.print(text, soft_wrap=True, highlight=False, markup=False)

    def _table(self) -> Group | str:
        if not self._rows:
            return ""
        states = [row.state for row in self._rows.values()]
        counts = ", ".join(f"{states.count(state)} {state}" for state in COLOURS if state in states)
        workers = "" if self._workers is None else f"; {self._workers or 'no'} workers"
        table = Table(box=box.SIMPLE_HEAD)
        for column in ("job", "state", "doing"):
            table.add_column(column)
        for name, row in self._visible():
            again = f" (try {row.tries})" if row.tries > 1 else ""
            table.add_row(name, f"[{COLOURS[row.state]}]{row.state}{again}[/]", escape(row.doing))
        return Group(f"{len(states)} jobs: {counts}{workers}", table)

    def _visible(self) -> list[tuple[str, _Row]]:
        """All jobs where they fit; otherwise those that run or failed, as many as fit."""
        rows = list(self._rows.items())
        if len(rows) > ROWS_AT_ONCE:
            rows = [(name, row) for name, row in rows if row.state in ("running", "failed", "interrupted")]
        return rows[-ROWS_AT_ONCE:]


def show_sweep(result: SweepResult, console: Console) -> None:
    """Print likelihoods of all finished runs, the path of the table, and every failed job with its log."""
    if len(result.results):
        compared = "input_set" in result.results
        console.print(_likelihoods(result.results) if compared else _training(result.results))
    console.print(f"table: {result.table}", soft_wrap=True, highlight=False)
    show_failures(result.failures, console)


def show_failures(failures: Sequence[Failure], console: Console) -> None:
    """Print every failed job with its log, and how to go on."""
    for failure in failures:
        words = f"[bold red]{escape(failure.job)} failed[/]: {escape(failure.message)}; log: {escape(str(failure.log))}"
        console.print(words, soft_wrap=True, highlight=False)
    if failures:
        console.print("The same command tries failed jobs again and leaves finished ones as they are.")


def _likelihoods(results: pd.DataFrame) -> Table:
    """BPD of every run and input set."""
    table = Table(
        title="Bits per dimension, ± one standard error",
        caption="Gap: against the run's training images on the same number of images (negative = more likely).",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
    )
    table.add_column("run", no_wrap=True)
    table.add_column("input set", no_wrap=True)
    for column in ("BPD", "gap", "images"):
        table.add_column(column, justify="right", no_wrap=True)
    for run, rows in results.groupby("run", sort=False):
        measured = rows.drop_duplicates("input_set").to_dict("records")
        for number, row in enumerate(measured):
            bpd = f"{row['bpd']:.3f} ± {row['bpd_se']:.3f}"
            gap = f"{row['measured']:+.3f} ± {row['measured_se']:.3f}"
            name = "" if number else str(run)
            is_last = number == len(measured) - 1
            table.add_row(name, row["input_set"], bpd, gap, str(row["n_images"]), end_section=is_last)
    return table


def _training(results: pd.DataFrame) -> Table:
    """Loss at the end of training, where nothing was compared."""
    table = Table(title="End of training", box=box.SIMPLE_HEAD)
    table.add_column("run", no_wrap=True)
    table.add_column("steps", justify="right")
    table.add_column("bits/dim on training batches", justify="right")
    for row in results.to_dict("records"):
        table.add_row(row["run"], str(row["training_steps"]), f"{row['training_bpd']:.3f}")
    return table
