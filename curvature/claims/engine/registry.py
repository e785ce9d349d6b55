"""The registry of claims: every module of `curvature.claims` that defines `CLAIM` is one, nothing else names it."""

import pkgutil
from functools import cache
from importlib import import_module

from curvature.claims.engine.claim import Claim
from curvature.names import unknown_name

ROOM = "curvature.claims"


@cache
def claims() -> tuple[Claim, ...]:
    """Find all claims, in the order of the tables."""
    return discover(ROOM)


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


def discover(package: str) -> tuple[Claim, ...]:
    """Import the modules of a package and collect what they define as `CLAIM`, in the claims' own order."""
    names = [module.name for module in pkgutil.iter_modules(import_module(package).__path__)]
    modules = [import_module(f"{package}.{name}") for name in names]
    return tuple(sorted((one.CLAIM for one in modules if hasattr(one, "CLAIM")), key=lambda one: one.order))
