"""The registry of claims: every module of `curvature.claims` that defines `CLAIM` is one, nothing else names it."""

from functools import cache

from curvature.claims.engine.claim import Claim
from curvature.discovery import discover
from curvature.names import unknown_name

ROOM = "curvature.claims"


@cache
def claims() -> tuple[Claim, ...]:
    """Find all claims, in the order of the tables."""
    return claims_of(ROOM)


def claim(name: str) -> Claim:
    """Find a claim by its name.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    found = {one.name: one for one in claims()}
    if name not in found:
        raise unknown_name("claim", name, found)
    return found[name]


def claims_of(package: str) -> tuple[Claim, ...]:
    """Collect what the modules of a package define as `CLAIM`, in the claims' own order."""
    return tuple(sorted(discover(package, "CLAIM"), key=lambda one: one.order))
