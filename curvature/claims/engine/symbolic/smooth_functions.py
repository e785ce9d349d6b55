"""Unspecified smooth functions for sympy, whose derivatives are function values again."""

from typing import Any

import sympy


def smooth_function(name: str) -> Any:
    """Make an unspecified function of one variable with derivatives `name_d1`, `name_d2`, also in lambdify."""
    derivative = None
    for order in (2, 1, 0):
        members: dict[str, Any] = {"nargs": 1, "derivative": derivative}
        if derivative is not None:
            members["fdiff"] = lambda self, argindex=1: type(self).derivative(self.args[0])
        derivative = type(name if order == 0 else f"{name}_d{order}", (sympy.Function,), members)
    return derivative


def derivatives(function: Any) -> tuple[Any, Any, Any]:
    """The function, its first and its second derivative."""
    return function, function.derivative, function.derivative.derivative
