"""Claim: for orthogonal kernels the published coefficients are the exact ones (docs/theory.md, eq. 25)."""

import sympy

from curvature.claims import Claim, Condition, Counterexample, Evidence, Verdict
from curvature.claims.engine.symbolic.kernels import column_norms, kernel_residuals, meets_condition
from curvature.claims.engine.symbolic.vanishing import vanishes


def rotations_of_two_channels() -> Evidence:
    """The exact coefficient of rotations is one; the published one is not."""
    theta, phi = sympy.symbols("theta phi", real=True)
    first, second = _rotation(theta), _rotation(phi)
    left, right = kernel_residuals((first,))
    published = sympy.simplify(1 + left.subs(theta, sympy.pi / 4))
    return Evidence(
        method="rotations of two channels by any angles",
        refutations={
            "exact coefficients are 1": vanishes([n - 1 for n in column_norms(second * first)]),
            "the published one is 0 at 45 degrees": vanishes([published]),
        },
        conditions={
            "one rotation misses by -sin 2 theta and sin 2 theta": vanishes(
                [left + sympy.sin(2 * theta), right - sympy.sin(2 * theta)]
            ),
            "so it is exact at quarter turns": all(
                meets_condition((first.subs(theta, n * sympy.pi / 2),)) for n in range(4)
            ),
        },
        counterexample=Counterexample.exact(
            "a rotation by 45 degrees", ("published coefficient", "exact coefficient"), published, "==", 1
        ),
    )


def _rotation(angle: sympy.Symbol) -> sympy.Matrix:
    return sympy.Matrix([[sympy.cos(angle), -sympy.sin(angle)], [sympy.sin(angle), sympy.cos(angle)]])


CLAIM = Claim(
    name="orthogonal-kernels",
    order=240,
    statement="For orthogonal kernels the published coefficients are the exact ones, which are 1",
    equations=(25,),
    expected=Verdict.CONDITIONAL,
    condition=Condition("one kernel: exactly if every row sum is +1 or -1"),
    evidence=rotations_of_two_channels,
)
