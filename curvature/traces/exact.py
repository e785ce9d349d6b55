"""``Tr{H Sigma}`` as a sum of quadratic forms over the columns of a factor of Sigma, by any route (eqs. 10 and 61)."""

import math
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.hessian.dense import worth_writing_out
from curvature.hessian.differentiated import DifferentiatedHessian
from curvature.hessian.operator import QUANTITY, HessianOperator
from curvature.preconditions import require_finite
from curvature.traces.signed import SignedFactor
from curvature.traces.trace import Trace


def exact_trace(operator: HessianOperator, factor: SignedFactor) -> Trace:
    """Compute the trace by the operator itself, or by the dense Hessian if the factor has so many columns that it pays.

    Raises
    ------
    NonFiniteError
        If the Hessian is not finite.
    """
    found = summed_trace(worth_writing_out(operator, len(factor)), factor, operator.num_matvecs)
    if not isinstance(operator, DifferentiatedHessian):
        return found
    return replace(found, obstacles=tuple(operator.refusals.values()))


def dense_trace(operator: HessianOperator, factor: SignedFactor) -> Trace:
    """Contract the dense Hessian with the covariance."""
    return summed_trace(operator.dense(), factor, operator.num_matvecs)


def summed_trace(operator: HessianOperator, factor: SignedFactor, written_out_for: int = 0) -> Trace:
    """Sum the quadratic forms of all columns.

    Parameters
    ----------
    operator
        H.
    factor
        Sigma, or a difference of two covariances.
    written_out_for
        Number of products with H that making a dense operator took, for `Trace.num_matvecs`.
    """
    total, parts = summed_forms(operator, factor)
    pushed = written_out_for if operator.route == "dense" else len(factor)
    if not len(parts):
        return Trace(total, 0.0, None, operator.route, pushed)
    return Trace(math.fsum(parts.tolist()), 0.0, float(parts[0]), operator.route, pushed)


def summed_forms(operator: HessianOperator, factor: SignedFactor) -> tuple[float, Float[Tensor, " P"]]:
    """``sum_r s_r b_r'H b_r`` over the columns: the total, and each part.

    Raises
    ------
    NonFiniteError
        If the Hessian is not finite.
    """
    total, parts = 0.0, operator.point.x0.new_zeros(len(operator.form_parts))
    for block in factor.split(operator.rows_at_once):
        forms = operator.forms(block.rows)
        total += float(block.weigh(forms.total).sum())
        parts += block.weigh(forms.parts).sum(1)
    require_finite(torch.tensor(total), QUANTITY)
    return total, parts


EXACT = {"exact": exact_trace, "dense": dense_trace}
