"""The output of `claims`: a row for each claim, its verdict in colour."""

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from analysis.claims_engine.outcome import ClaimOutcome
from analysis.claims_engine.report import range_of_effects
from curvature.verdict import Verdict
from experiments.command_line.verdict_colours import COLOURS

SHOWN_FAILURES = 3
CAPTION = (
    "Effect: smallest to largest over all models and input sets, and where the claim says that it lies. A number that "
    "is within two standard errors of that bound is not resolved. Every number: claims.md."
)


def claims_table(outcomes: Sequence[ClaimOutcome]) -> Table:
    """Lay out the outcomes."""
    table = Table(
        title="Claims about data", caption=CAPTION, caption_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 1, 0)
    )
    table.add_column("claim", ratio=6)
    table.add_column("effect", ratio=4)
    table.add_column("verdict", ratio=5)
    table.add_column("refuted for", ratio=5)
    for each in outcomes:
        statement = Text.assemble((each.claim.name, "bold"), f": {each.claim.statement}")
        effect = Text(f"{each.claim.effect}:\n{range_of_effects(each)}") if each.findings else Text("")
        table.add_row(statement, effect, _verdict(each), _failures(each))
    return table


def _verdict(outcome: ClaimOutcome) -> Text:
    """The verdict in its colour; without data the command that makes it follows, uncoloured."""
    word, _, rest = outcome.summary.partition(":")
    counts = "" if rest else f"\n{_counts(outcome)}"
    return Text.assemble((word, COLOURS[outcome.verdict]), f":{rest}" if rest else counts)


def _counts(outcome: ClaimOutcome) -> str:
    kinds = (Verdict.HOLDS, Verdict.REFUTED, Verdict.NOT_RESOLVED)
    counted = ((kind, len(outcome.with_verdict(kind))) for kind in kinds)
    return ", ".join(f"{kind} {count}" for kind, count in counted if count)


def _failures(outcome: ClaimOutcome) -> Text:
    """The first subjects that refute the claim, and how many more there are."""
    subjects = outcome.fails_for
    more = len(subjects) - SHOWN_FAILURES
    lines = [*subjects[:SHOWN_FAILURES], *([f"and {more} more"] if more > 0 else [])]
    return Text("\n".join(lines))
