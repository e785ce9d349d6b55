"""The error for a name that does not exist, with the nearest name that does. This module does not import torch."""

import difflib
from collections.abc import Iterable

from curvature.errors import UnknownNameError


def unknown_name(kind: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """Build the error for a name that does not exist; it suggests the nearest known name and lists all of them."""
    known = list(known)
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return UnknownNameError(f"unknown {kind} {name!r}; {hint}known are: {', '.join(known)}")


def require_known(kind: str, name: str, known: Iterable[str]) -> None:
    """Raise an `UnknownNameError` unless `name` is one of `known`."""
    known = tuple(known)
    if name not in known:
        raise unknown_name(kind, name, known)
