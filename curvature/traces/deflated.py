"""``Tr{H Sigma}``: leading eigenvectors of Sigma exactly, Hutchinson on the rest (docs/theory.md, eq. 46)."""

import torch

from curvature.hessian.operator import HessianOperator, quadratic_forms
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

FEWEST = 3


def deflated(
    operator: HessianOperator,
    moments: Moments,
    num_matvecs: int | None,
    generator: torch.Generator | int | None,
    probe: Probe = "rademacher",
) -> Trace:
    """Spend half the budget on the leading eigenvectors of Sigma exactly, the other half on random probes of the rest.

    The trace is additive over the columns of the factor, ``Tr{F'HF} = sum_{r<=k} f_r'Hf_r + Tr{F_rest'HF_rest}``, so
    nothing has to be projected: only the second part is estimated, and only its entries of ``F'HF`` make the variance.
    Unbiased, like Hutch++ (Meyer et al. 2021), but the deflation space is that of Sigma, which costs no product with
    H. It pays if the eigenvalues of Sigma decrease fast, as they do for images. With a budget of at least the rank the
    result is exact.

    Cost: `num_matvecs` quadratic forms and one R x R eigendecomposition. Conditions: none on H.

    Parameters
    ----------
    operator
        H.
    moments
        Moments of events of the expansion's shape, for Sigma.
    num_matvecs
        Number of quadratic forms, at least three unless the rank is smaller; never more than the rank are computed.
    generator
        Source of the probes, or a seed for one. Same state, same estimate.
    probe
        Distribution of s: ``rademacher`` or ``gaussian``.

    Raises
    ------
    OptionError, UnknownNameError
        If the budget is too small for a standard error, or there is no generator or no such probe.
    ShapeError, NonFiniteError
        If the moments are of other events, or a product with H is not finite.

    References
    ----------
    A. S. Gambhir, A. Stathopoulos, K. Orginos, "Deflation as a method of variance reduction for estimating the trace
    of a matrix inverse", SIAM Journal on Scientific Computing 39 (2017), A532-A558. R. A. Meyer, C. Musco, C. Musco,
    D. P. Woodruff, "Hutch++: optimal stochastic trace estimation", SOSA 2021.
    """
    m = require_budget(num_matvecs, 0, "deflated")
    source = require_generator(generator, "deflated")
    F = eigenbasis_factor(operator, moments)
    rank = F.shape[1]
    if m < rank:
        require_budget(m, FEWEST, "deflated")
    k = rank if m >= rank else m // 2
    leading = float(quadratic_forms(operator, F[:, :k].T.reshape(k, *operator.point.event_shape)).sum())
    if k == rank:
        return Trace(leading, 0.0, None, "deflated", rank)
    rest, error = mean_and_error(random_forms(operator, F[:, k:], m - k, source, probe))
    return Trace(leading + rest, error, None, "deflated", m)


ESTIMATE = {"deflated": deflated}
