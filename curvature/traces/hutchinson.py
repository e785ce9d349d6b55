"""Hutchinson's estimator of ``Tr{H Sigma} = Tr{F'HF}``, in the eigenbasis of Sigma (docs/theory.md, eq. 45)."""

import torch

from curvature.hessian.operator import HessianOperator
from curvature.moments import Moments
from curvature.traces.probes import (
    Probe,
    eigenbasis_factor,
    mean_and_error,
    random_forms,
    require_budget,
    require_generator,
)
from curvature.traces.trace import Trace

FEWEST = 2


def hutchinson(
    operator: HessianOperator,
    moments: Moments,
    num_matvecs: int | None,
    generator: torch.Generator | int | None,
    probe: Probe = "rademacher",
) -> Trace:
    """Average ``v'Hv`` over probes ``v = F s`` with independent entries of s, mean 0 and variance 1.

    Unbiased. With ``A = F'HF`` in the eigenbasis of Sigma one form has variance ``2 (||A||_F^2 - sum_r A_rr^2)`` for
    Rademacher signs, which is zero if H and Sigma share their eigenvectors, and ``2 ||A||_F^2`` for Gaussian s. The
    standard error falls as ``num_matvecs^(-1/2)``. It is itself estimated, from ``num_matvecs - 1`` degrees of freedom:
    with few probes, intervals are those of Student's t.

    Cost: `num_matvecs` quadratic forms and one R x R eigendecomposition. Conditions: none on H.

    Parameters
    ----------
    operator
        H.
    moments
        Moments of events of the expansion's shape, for Sigma.
    num_matvecs
        Number of quadratic forms, at least two.
    generator
        Source of the probes, or a seed for one. Same state, same estimate.
    probe
        Distribution of s: ``rademacher`` (least variance among independent entries) or ``gaussian``.

    Raises
    ------
    OptionError, UnknownNameError
        If the budget is too small for a standard error, or there is no generator or no such probe.
    ShapeError, NonFiniteError
        If the moments are of other events, or a product with H is not finite.

    References
    ----------
    M. F. Hutchinson, "A stochastic estimator of the trace of the influence matrix for Laplacian smoothing splines",
    Communications in Statistics - Simulation and Computation 18 (1989), 1059-1076.
    """
    m = require_budget(num_matvecs, FEWEST, "hutchinson")
    source = require_generator(generator, "hutchinson")
    F = eigenbasis_factor(operator, moments)
    value, error = mean_and_error(random_forms(operator, F, m, source, probe))
    return Trace(value, error, None, "hutchinson", m)


ESTIMATE = {"hutchinson": hutchinson}
