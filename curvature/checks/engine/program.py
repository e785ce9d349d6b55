"""The program that evaluates a check again at a counterexample."""

import dataclasses
from typing import Any

GIVEN = "# flow and x: what was given to check_flow\n"


def program(name: str, case: Any, origin: str = "", fast: bool = False) -> str:
    """A program to paste.

    Parameters
    ----------
    name
        The check's.
    case
        Its repr is Python code.
    origin
        Lines that make `flow` and `x`; if empty, both must be there already.
    fast
        Whether the case was found with fewer samples and coarser grids.
    """
    haste = ", fast=True" if fast else ""
    names = ", ".join(sorted({*_classes(case), "evaluate_check"}))
    return (
        f"from curvature.checks import {names}\n\n{origin or GIVEN}case = {case!r}\n"
        f"print(evaluate_check({name!r}, flow, x, case{haste}))\n"
    )


def origin_of(flow: Any) -> str:
    """The line that imports a flow, if it is a function of a module that can be imported by its name."""
    module, name = getattr(flow, "__module__", None), getattr(flow, "__qualname__", "")
    if not module or module == "__main__" or not name.isidentifier() or isinstance(flow, type):
        return ""
    return f"from {module} import {name} as flow\n\n# x: what was given to check_flow\n"


def _classes(case: Any) -> set[str]:
    """Names of the classes that a case is made of, as far as its repr shows them."""
    if isinstance(case, tuple):
        return set().union(*map(_classes, case))
    if not dataclasses.is_dataclass(case):
        return set()
    shown = [getattr(case, field.name) for field in dataclasses.fields(case)]
    hidden = [field.default for field in dataclasses.fields(case)]
    parts = (_classes(value) for value, default in zip(shown, hidden, strict=True) if value != default)
    return {type(case).__name__}.union(*parts)
