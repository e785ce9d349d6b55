"""The registry of checks: every module of `curvature.checks` that defines `CHECK` is one, nothing else names it."""

from collections.abc import Iterable
from functools import cache

from curvature.checks.engine.check import Check
from curvature.discovery import discover
from curvature.names import unknown_name

ROOM = "curvature.checks"


@cache
def checks() -> tuple[Check, ...]:
    """Find all checks, in the order of the results."""
    return tuple(sorted(discover(ROOM, "CHECK"), key=lambda one: one.order))


def check(name: str) -> Check:
    """Find a check by its name.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    found = {one.name: one for one in checks()}
    if name not in found:
        raise unknown_name("check", name, found)
    return found[name]


def require_checks(names: Iterable[str]) -> None:
    """Raise unless there is a check of every name.

    Raises
    ------
    UnknownNameError
        For the first name of which there is none.
    """
    for name in names:
        check(name)
