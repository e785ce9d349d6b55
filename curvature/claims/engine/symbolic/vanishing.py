"""Whether sympy can show that expressions are zero, the fast way first."""

from typing import Any

import sympy
from sympy.polys.rings import ring


def vanishes(values: Any) -> bool:
    """Whether sympy can show that every entry of a matrix or list is zero.

    First as polynomials in the symbols and in the values of all functions, which is fast and enough for rational
    identities; where an entry is no polynomial, or its functions obey identities of their own, by simplification.
    """
    return all(_is_zero(entry) for entry in sympy.Matrix([values]))


def _is_zero(entry: sympy.Expr) -> bool:
    functions = entry.atoms(sympy.Function)
    # One function value may be written with its argument expanded or not.
    values: dict[sympy.Expr, sympy.Symbol] = {}
    symbols = {function: values.setdefault(sympy.expand(function), sympy.Dummy()) for function in functions}
    # The latents' scale enters as 1 / sigma^2 alone; as a symbol of its own it leaves a polynomial.
    precision = {factor: sympy.Dummy() for factor in entry.atoms(sympy.Pow) if factor.exp == -2}
    polynomial = entry.xreplace(symbols).xreplace(precision)
    generators = sorted(polynomial.free_symbols, key=str)
    try:
        if not ring(generators, sympy.QQ)[0].from_expr(polynomial):
            return True
    except ValueError:
        return sympy.simplify(entry) == 0
    # Unspecified couplings obey no identities; sines, cosines and reciprocals do.
    is_free = not precision and all(hasattr(function, "derivative") for function in functions)
    return not is_free and sympy.simplify(entry) == 0
