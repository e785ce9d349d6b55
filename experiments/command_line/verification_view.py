"""What a person sees of a verification: progress, the table of claims, and counterexamples that can be run."""

import time
from types import TracebackType

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from curvature.verification import Counterexample, Outcome, Verdict, Verification

COLOURS = {"holds": "green", "refuted": "red", "holds under a condition": "yellow", "undecided": "bold red"}
SECONDS_BETWEEN_LINES = 10.0


class ClaimProgress:
    """The claim at hand and its cases: a live line in a terminal, otherwise a plain one now and then."""

    def __init__(self, console: Console) -> None:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self._bar = Progress(*columns, console=console, disable=not console.is_terminal, transient=True)
        self._task = self._bar.add_task("drawing")
        self._console = console
        self._last_line = time.monotonic()

    def __enter__(self) -> "ClaimProgress":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, name: str, done: int) -> None:
        """Show the claim and the number of its cases tried so far."""
        if self._console.is_terminal:
            self._bar.update(self._task, description=f"{name}: {done} cases")
        elif time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            self._console.print(f"{name}: {done} cases", highlight=False)


def show_verification(verification: Verification, console: Console) -> None:
    """Print the table, then every counterexample as a program, then what is wrong if something is."""
    console.print(_claims_table(verification))
    if verification.proofs:
        console.print(_proofs_table(verification))
    for outcome in verification.outcomes:
        for found in (outcome.counterexample, outcome.counterexample_under_condition):
            if found is not None:
                _show_counterexample(outcome, found, console)
        if outcome.counterexample is None and outcome.verdict in {Verdict.REFUTED, Verdict.CONDITIONAL}:
            assert outcome.proof is not None
            console.print(f"[bold]{outcome.claim.name}[/], by sympy: {escape(outcome.proof.detail)}\n", highlight=False)
    for outcome in verification.outcomes:
        if outcome.is_alarming:
            reason = outcome.trouble or "the toolkit rests on it"
            console.print(
                f"[bold red]{outcome.claim.name}: {outcome.verdict.value}[/]: {escape(reason)}", highlight=False
            )


def _claims_table(verification: Verification) -> Table:
    table = Table(
        title=f"Claims on random toy flows: {verification.examples} examples, seed {verification.seed}",
        caption="Cases: before the first violation if there was one; after the slash those under the condition.",
        box=box.SIMPLE_HEAD,
        caption_justify="left",
    )
    table.add_column("claim", ratio=5)
    table.add_column("eq.", ratio=1)
    table.add_column("how tested", ratio=2)
    table.add_column("cases", justify="right", no_wrap=True)
    table.add_column("verdict", ratio=4)
    for outcome in verification.outcomes:
        cases = f"{outcome.cases}"
        if outcome.cases_under_condition is not None:
            cases += f"/{outcome.cases_under_condition}"
        statement = f"[bold]{outcome.claim.name}[/]: {escape(outcome.claim.statement)}"
        table.add_row(statement, outcome.claim.equations, outcome.tested_by, cases, _verdict(outcome))
    return table


def _verdict(outcome: Outcome) -> str:
    verdict, condition = outcome.verdict.value, outcome.claim.condition
    text = f"[{COLOURS[verdict]}]{verdict}[/]"
    return f"{text}: {escape(condition.statement)}" if verdict == "holds under a condition" and condition else text


def _proofs_table(verification: Verification) -> Table:
    table = Table(title="Statements that sympy decides alone", box=box.SIMPLE_HEAD)
    table.add_column("statement", ratio=6)
    table.add_column("eq.", ratio=1)
    table.add_column("verdict", ratio=4)
    for name, proof in verification.proofs.items():
        verdict = f"[{COLOURS[proof.verdict]}]{proof.verdict}[/]"
        if proof.detail and proof.verdict != "holds":
            verdict += f": {escape(proof.detail)}"
        table.add_row(f"[bold]{escape(name)}[/]: {escape(proof.statement)}", str(proof.equation), verdict)
    return table


def _show_counterexample(outcome: Outcome, found: Counterexample, console: Console) -> None:
    """The two sides, and a program to paste; wrapped by the terminal alone, so that it can be copied."""
    left, right = outcome.claim.sides
    console.print(
        f"[bold]{outcome.claim.name}[/], smallest counterexample: {escape(left)} against {escape(right)}: "
        f"{found.evaluation}",
        highlight=False,
    )
    console.print(escape(found.snippet), soft_wrap=True, highlight=False)
