"""The outcomes of claims as tidy rows and as Markdown; nothing in the text is written by hand."""

from collections.abc import Iterable, Sequence

import pandas as pd

from analysis.claims_engine.claim import Finding
from analysis.claims_engine.outcome import ClaimOutcome
from analysis.claims_engine.table_kinds import PROGRAM
from curvature.verdict import Verdict

COLUMNS = (
    "claim",
    "claim_verdict",
    "subject",
    "effect",
    "effect_se",
    "low",
    "high",
    "threshold_low",
    "threshold_high",
    "prediction",
    "verdict",
    "effect_is",
    "command",
)
NOTES = (
    "A claim holds of a number that lies more than two standard errors inside the region that the claim names, and is "
    "refuted by one that lies so far outside; otherwise it is not resolved. Intervals are two standard errors to "
    "either side (95 %), over images, of one training run of each model, not corrected for the number of findings."
)
MINUS = "−"


def findings_table(outcomes: Sequence[ClaimOutcome]) -> pd.DataFrame:
    """One row for each finding, and one for each claim without data: columns `COLUMNS`.

    `low` and `high` are the confidence interval of `effect`; the claim says that it lies between `threshold_low` and
    `threshold_high`, of which one may be infinite. `prediction` is that of the second order, where there is one.
    """
    return pd.DataFrame([row for each in outcomes for row in _rows(each)], columns=COLUMNS)


def _rows(outcome: ClaimOutcome) -> list[dict[str, object]]:
    claim = outcome.claim
    shared = {"claim": claim.name, "claim_verdict": outcome.summary, "effect_is": claim.effect}
    shared["command"] = claim.command
    if not outcome.findings:
        return [{**shared, "verdict": Verdict.NO_DATA.value}]
    return [
        {
            **shared,
            "subject": each.subject,
            "effect": each.effect,
            "effect_se": each.standard_error,
            "low": each.low,
            "high": each.high,
            "threshold_low": each.region.low,
            "threshold_high": each.region.high,
            "prediction": each.prediction,
            "verdict": each.verdict.value,
        }
        for each in outcome.findings
    ]


def range_of_effects(outcome: ClaimOutcome) -> str:
    """The smallest and the largest effect, and the region that the claim names; empty without data."""
    if not outcome.findings:
        return ""
    effects = sorted(finding.effect for finding in outcome.findings)
    ends = dict.fromkeys(map(number, (effects[0], effects[-1])))
    return f"{' to '.join(ends)} (claimed: {outcome.findings[0].region})".replace("-", MINUS)


def number(value: float) -> str:
    """A number with three decimals, or fewer where it is large."""
    decimals = 3 if abs(value) < 10 else 1 if abs(value) < 1000 else 0
    return f"{value:.{decimals}f}".replace("-", MINUS)


def render(outcomes: Sequence[ClaimOutcome], names: Sequence[str], directories: str) -> str:
    """Write the whole text: a table of verdicts, then every claim with its findings.

    Parameters
    ----------
    outcomes
        What to tell.
    names
        The claims that were asked for by name.
    directories
        The options of `likelihood-curvature claims` that say where the tables are, as they are typed.
    """
    command = " ".join([PROGRAM, "claims", *names, directories])
    sections = (_section(each, directories) for each in outcomes)
    lines = ["# Claims about data", f"Made by `{command}`.", NOTES, _verdicts(outcomes), *sections]
    return "\n\n".join(lines) + "\n"


def _verdicts(outcomes: Sequence[ClaimOutcome]) -> str:
    cells = (
        (f"[{each.claim.name}](#{each.claim.name})", each.claim.statement, range_of_effects(each), each.summary)
        for each in outcomes
    )
    return _table(("claim", "statement", "effect", "verdict"), cells)


def _section(outcome: ClaimOutcome, directories: str) -> str:
    claim = outcome.claim
    again = f"{claim.command}\n    {PROGRAM} claims {claim.name} {directories}"
    text = f"## {claim.name}\n\n{claim.statement}. Source: {claim.source}.\n\n**{outcome.summary}**\n\n    {again}"
    if not outcome.findings:
        return text
    heading = ("subject", claim.effect, "95 %", "claimed", "second order", "verdict")
    return f"{text}\n\n{_table(heading, map(_finding, outcome.findings))}"


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; what would end a cell, as in |z|, is escaped."""
    lines = [[cell.replace("|", r"\|") for cell in row] for row in (heading, *rows)]
    lines.insert(1, ["---"] * len(heading))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _finding(finding: Finding) -> tuple[str, ...]:
    """The cells of a finding."""
    prediction = "" if finding.prediction is None else number(finding.prediction)
    return (
        finding.subject,
        number(finding.effect),
        f"{number(finding.low)} to {number(finding.high)}",
        str(finding.region).replace("-", MINUS),
        prediction,
        finding.verdict.value,
    )
