"""The registry of claims about data: every module of `analysis.claims` that defines `CLAIM` is one."""

from functools import cache

from analysis.claims_engine.claim import DataClaim
from curvature.discovery import discover
from curvature.names import require_known

ROOM = "analysis.claims"


@cache
def data_claims() -> tuple[DataClaim, ...]:
    """Find all claims, in the order of the tables."""
    return data_claims_of(ROOM)


def chosen_claims(names: tuple[str, ...]) -> tuple[DataClaim, ...]:
    """Find claims by their names, in the order of the tables; all of them where no name is given.

    Raises
    ------
    UnknownNameError
        If there is no claim of a name; the message suggests the nearest.
    """
    known = [one.name for one in data_claims()]
    for name in names:
        require_known("claim", name, known)
    return tuple(one for one in data_claims() if not names or one.name in names)


def data_claims_of(package: str) -> tuple[DataClaim, ...]:
    """Collect what the modules of a package define as `CLAIM`, in the claims' own order."""
    return tuple(sorted(discover(package, "CLAIM"), key=lambda one: one.order))
