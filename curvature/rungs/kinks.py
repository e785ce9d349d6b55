"""The share of kinks in the gap: what curvature cannot hold and the gradient's integral does (theory.md, eq. 20d).

No prediction of the gap by itself; added to the ladder where `path` leaves something unexplained, or on request.
"""

from curvature.ladder.refinement import Tolerance
from curvature.ladder.rung import Evaluated, Rung
from curvature.ladder.samples import Block
from curvature.rungs import path, path_gradient


def evaluate(tolerance: Tolerance, block: Block) -> Evaluated:
    """Value of `path-gradient` minus that of `path`; the block keeps slopes and curvature that were taken before."""
    gradient, curvature = path_gradient.evaluate(tolerance, block), path.evaluate(tolerance, block)
    return Evaluated(gradient.values - curvature.values, converged=gradient.converged and curvature.converged)


def route(*_: object) -> str:
    """Say what it is made of."""
    return "path-gradient minus path"


RUNG = Rung("kinks", 90, "samples", evaluate, route, Tolerance.of, is_default=False, is_part=True)
