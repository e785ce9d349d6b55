"""``Tr{H Sigma}`` by one collapsed 2-jet through the layers: an independent check of `adjoint` (eq. 64)."""

import math

import torch

from curvature.hessian.adjoint import LayeredHessian
from curvature.hessian.layered.collapsed import collapsed_forms
from curvature.hessian.operator import QUANTITY, HessianOperator
from curvature.preconditions import require_finite
from curvature.traces.signed import SignedFactor
from curvature.traces.trace import Trace


def jet_trace(operator: HessianOperator, factor: SignedFactor) -> Trace:
    """Push value, tangents and the sum of second derivatives through the layers in one batch.

    Raises
    ------
    RouteError
        If the model does not describe its layers.
    NonFiniteError
        If the Hessian is not finite.
    """
    layered = LayeredHessian.of(operator.point)
    flow, x0 = layered.linearisation.flow, operator.point.x0
    blocks = factor.split(layered.rows_at_once)
    found = [collapsed_forms(flow, x0, block.rows, block.signs) for block in blocks]
    gauss_newton, second = (math.fsum(map(float, part)) for part in zip(*found, strict=True)) if found else (0.0, 0.0)
    require_finite(torch.tensor([gauss_newton, second]), QUANTITY)
    return Trace(gauss_newton + second, 0.0, gauss_newton, "jet", len(factor))


EXACT = {"jet": jet_trace}
