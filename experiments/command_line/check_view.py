"""What a person sees of the checks of a flow: a table, then every failure as a program that can be run."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from curvature.checks import CheckResult, Status

COLOURS = {
    Status.PASSED: "green",
    Status.FAILED: "bold red",
    Status.EXPECTED_FAILURE: "yellow",
    Status.SKIPPED: "dim",
}


def show_results(results: Sequence[CheckResult], model: str, console: Console) -> None:
    """Print the table, how many came out how, and the programs of failures; wrapped by the terminal alone."""
    table = Table(title=f"Checks of {escape(model)}", box=box.SIMPLE_HEAD)
    table.add_column("check", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("what came of it")
    for result in results:
        table.add_row(result.name, f"[{COLOURS[result.status]}]{result.status}[/]", escape(result.reason))
    console.print(table)
    counts = [(status, sum(result.status is status for result in results)) for status in Status]
    console.print(", ".join(f"{count} {status}" for status, count in counts if count), highlight=False)
    for result in results:
        if result.status is Status.FAILED and result.counterexample is not None:
            console.print(f"\n[bold]{result.name}[/], smallest counterexample:", highlight=False)
            console.print(escape(result.counterexample.snippet), soft_wrap=True, highlight=False)
