"""The output of a verification: progress, the table of claims, and counterexamples that can be run."""

import time
from collections.abc import Sequence
from types import TracebackType

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from curvature.claims import Counterexample, Outcome, Verdict, Verification

COLOURS = {
    Verdict.HOLDS: "green",
    Verdict.REFUTED: "red",
    Verdict.CONDITIONAL: "yellow",
    Verdict.UNDECIDED: "bold red",
    Verdict.NOT_APPLICABLE: "dim",
}
SECONDS_BETWEEN_LINES = 10.0


class ClaimProgress:
    """Shows the claim that is being tested: a live line in a terminal, occasional plain lines elsewhere."""

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


def show_verification(verification: Verification, console: Console, model: str | None = None) -> None:
    """Print the tables, then every counterexample, then every verdict that is not the expected one.

    Parameters
    ----------
    verification
        What was found.
    console
        Where to print it.
    model
        Name of the model that the claims were put to; None for random toy flows.
    """
    tested = [outcome for outcome in verification.outcomes if not outcome.inapplicable]
    left_out = [outcome for outcome in verification.outcomes if outcome.inapplicable]
    drawn = [outcome for outcome in tested if outcome.claim.test is not None]
    symbolic = [outcome for outcome in tested if outcome.claim.test is None]
    if drawn:
        run = f"{verification.examples} examples, seed {verification.seed}"
        console.print(_claims_table(drawn, f"Claims on {escape(model or 'random toy flows')}: {run}"))
    if symbolic:
        console.print(_symbolic_table(symbolic))
    if left_out:
        console.print(_left_out_table(left_out))
    for outcome in drawn:
        for found in outcome.counterexamples:
            _show_counterexample(outcome, found, console)
    for outcome in verification.outcomes:
        if outcome.is_unexpected or outcome.is_alarming:
            console.print(_warning(outcome), highlight=False)


def _claims_table(outcomes: Sequence[Outcome], title: str) -> Table:
    table = Table(
        title=title,
        caption="Cases: before the first violation if there was one; after the slash those under the condition.",
        box=box.SIMPLE_HEAD,
        caption_justify="left",
    )
    table.add_column("claim", ratio=5)
    table.add_column("eq.", ratio=1)
    table.add_column("how tested", ratio=2)
    table.add_column("cases", justify="right", no_wrap=True)
    table.add_column("verdict", ratio=4)
    for outcome in outcomes:
        cases = f"{outcome.cases}"
        if outcome.cases_under_condition is not None:
            cases += f"/{outcome.cases_under_condition}"
        table.add_row(_statement(outcome), _equations(outcome), outcome.tested_by, cases, _verdict(outcome))
    return table


def _symbolic_table(outcomes: Sequence[Outcome]) -> Table:
    table = Table(title="Statements that sympy decides alone", box=box.SIMPLE_HEAD)
    table.add_column("claim", ratio=5)
    table.add_column("eq.", ratio=1)
    table.add_column("verdict", ratio=5)
    for outcome in outcomes:
        verdict = "; ".join([_verdict(outcome), *(escape(str(found)) for found in outcome.counterexamples)])
        table.add_row(_statement(outcome), _equations(outcome), verdict)
    return table


def _left_out_table(outcomes: Sequence[Outcome]) -> Table:
    table = Table(title="Not applicable to this model", box=box.SIMPLE_HEAD)
    table.add_column("claim", ratio=5)
    table.add_column("why", ratio=5)
    for outcome in outcomes:
        table.add_row(_statement(outcome), escape(outcome.inapplicable))
    return table


def _statement(outcome: Outcome) -> str:
    return f"[bold]{outcome.claim.name}[/]: {escape(outcome.claim.statement)}"


def _equations(outcome: Outcome) -> str:
    return ", ".join(map(str, outcome.claim.equations))


def _verdict(outcome: Outcome) -> str:
    verdict, condition = outcome.verdict, outcome.claim.condition
    text = f"[{COLOURS[verdict]}]{verdict}[/]"
    return f"{text}: {escape(condition.statement)}" if verdict is Verdict.CONDITIONAL and condition else text


def _show_counterexample(outcome: Outcome, found: Counterexample, console: Console) -> None:
    """Print the two sides, and a program that reproduces them, without added line breaks, so that it can be copied."""
    left, right = found.sides
    kind = "smallest counterexample" if found.snippet else "counterexample by sympy"
    sides = f"{escape(left)} against {escape(right)}: {found.evaluation}"
    console.print(f"[bold]{outcome.claim.name}[/], {kind}: {sides}", highlight=False)
    console.print(escape(found.snippet or f"{found.case}\n"), soft_wrap=True, highlight=False)


def _warning(outcome: Outcome) -> str:
    """Name an unexpected verdict, and say whether the toolkit depends on the claim."""
    claim, verdict = outcome.claim, outcome.verdict
    colour = "bold red" if outcome.is_alarming else "yellow"
    reason = outcome.trouble or f"expected: {claim.expected}" + ("; the toolkit rests on it" if claim.essential else "")
    return f"[{colour}]{claim.name}: {verdict}[/]: {escape(reason)}"
