"""Evaluate claims on the tables that are there."""

from collections.abc import Iterable

from analysis.claims_engine.claim import DataClaim, Tables
from analysis.claims_engine.outcome import ClaimOutcome
from analysis.claims_engine.table_kinds import TABLE_KINDS


def evaluate_claims(claims: Iterable[DataClaim], tables: Tables) -> tuple[ClaimOutcome, ...]:
    """Judge every claim; one that the tables cannot answer says which command makes what it needs."""
    return tuple(_evaluate(claim, tables) for claim in claims)


def _evaluate(claim: DataClaim, tables: Tables) -> ClaimOutcome:
    there = {name: tables[name] for name in claim.reads if name in tables}
    files = " or ".join(TABLE_KINDS[name].file for name in claim.reads)
    if not there:
        return ClaimOutcome(claim, missing=f"needs {files}, made by: {claim.command}")
    if findings := claim.evaluate(there):
        return ClaimOutcome(claim, tuple(findings))
    return ClaimOutcome(claim, missing=f"{files}: no row that it is about; made by: {claim.command}")
