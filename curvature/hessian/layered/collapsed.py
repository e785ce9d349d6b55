"""``Tr{H B S B'}`` by one collapsed 2-jet: only the sum of the columns' second derivatives is kept (eq. 64).

The rows of one batch are the summed second derivative, the value and the tangents. This needs no backward pass and no
activation weights, so it is an independent check of `linearisation`; it yields only the sum over columns.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.hessian.layered.elementwise import derivatives
from curvature.hessian.layered.flow import LayeredFlow
from curvature.hessian.layered.layers import Activation, LinearLayer

SECOND, VALUE, FIRST_TANGENT = 0, 1, 2


@torch.no_grad()
def collapsed_forms(
    flow: LayeredFlow,
    x0: Float[Tensor, "*event"],
    v: Float[Tensor, " R *event"],
    signs: Float[Tensor, " R"] | None = None,
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Return ``sum_r signs_r v_r'H v_r`` in nats: its Gauss-Newton part, and the rest.

    References
    ----------
    Dangel, Siebert, Zeinhofer, Walther, "Collapsing Taylor mode automatic differentiation", arXiv 2505.13644.
    """
    rows = torch.cat([torch.zeros_like(x0)[None], x0[None], v])

    def linear(layer: LinearLayer, rows: Tensor) -> Tensor:
        rows = layer.push(rows)
        if layer.bias is not None:
            rows[VALUE].add_(layer.bias)
        return rows

    def activate(activation: Activation, rows: Tensor) -> Tensor:
        tangents = rows[FIRST_TANGENT:]
        s, s1, s2 = derivatives(activation.module, rows[VALUE])
        rows[SECOND].mul_(s1).addcmul_(s2, _signed_sum_of_squares(tangents, signs))
        tangents.mul_(s1)
        rows[VALUE] = s
        return rows

    gauss_newton, second = x0.new_zeros(()), x0.new_zeros(())
    for part in flow.forward(rows, linear, activate):
        gauss_newton += _signed_sum_of_squares(part[FIRST_TANGENT:], signs).sum()
        second += (part[SECOND] * part[VALUE]).sum()
    return -flow.precision * gauss_newton, -flow.precision * second


def _signed_sum_of_squares(rows: Float[Tensor, " R *h"], signs: Float[Tensor, " R"] | None) -> Float[Tensor, " *h"]:
    """``sum_r signs_r rows_r^2``."""
    squares = rows * rows
    return squares.sum(0) if signs is None else torch.tensordot(signs, squares, dims=1)
