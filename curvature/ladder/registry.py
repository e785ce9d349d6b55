"""Every rung by its name, found by its file in `curvature.rungs`."""

import re
from collections.abc import Iterable
from functools import lru_cache

from curvature.discovery import discover
from curvature.errors import OptionError
from curvature.ladder.rung import Rung, RungFamily
from curvature.names import unknown_name


@lru_cache
def _members() -> tuple[Rung | RungFamily, ...]:
    return tuple(sorted(discover("curvature.rungs", "RUNG"), key=lambda rung: rung.order))


def rung(name: str) -> Rung:
    """Look up a rung by its name.

    Raises
    ------
    UnknownNameError
        If there is no such rung.
    """
    for member in _members():
        if isinstance(member, Rung) and member.name == name:
            return member
        if isinstance(member, RungFamily) and (match := re.fullmatch(member.pattern, name)):
            return member.make(int(match[1]))
    raise unknown_name("rung", name, [*default_rungs(), *_on_request()])


def default_rungs(nodes: Iterable[int] = (1, 2, 3)) -> tuple[str, ...]:
    """Names of the rungs that are evaluated where none are named, from the crudest to the most accurate.

    Raises
    ------
    OptionError
        If a number of nodes is not a positive integer.
    """
    nodes, names = tuple(nodes), []
    for n in nodes:
        if not isinstance(n, int) or isinstance(n, bool) or n < 1:
            raise OptionError(f"nodes: expected positive integers, got {n!r}")
    for member in _members():
        if isinstance(member, RungFamily):
            names += [member.make(n).name for n in nodes]
        elif member.is_default:
            names.append(member.name)
    return tuple(names)


def require_rungs(names: Iterable[str] | None = None, nodes: Iterable[int] = ()) -> tuple[Rung, ...]:
    """Look up rungs before any work begins; the default ones where none are named.

    Raises
    ------
    UnknownNameError
        If there is no rung of a name.
    OptionError
        If a number of nodes is not a positive integer.
    """
    defaults = default_rungs(nodes)
    return tuple(map(rung, defaults if names is None else names))


def _on_request() -> list[str]:
    return [member.name for member in _members() if isinstance(member, Rung) and not member.is_default]
