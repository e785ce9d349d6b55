"""Where the curvature lives: a trace split into the Gauss-Newton part and each activation's share (eq. 61)."""

import math
from dataclasses import dataclass

from curvature.hessian.operator import HessianOperator
from curvature.moments import Moments, require_moments
from curvature.traces.exact import summed_forms
from curvature.traces.signed import SignedFactor


@dataclass(frozen=True)
class ActivationShare:
    """What the bending of one activation's units adds to ``Tr{H Sigma}``.

    Attributes
    ----------
    name
        Where it sits.
    level, step, layer
        The same as numbers from 0; None for models that do not name them.
    nats
        Its share; any sign.
    """

    name: str
    level: int | None
    step: int | None
    layer: int | None
    nats: float


@dataclass(frozen=True)
class Attribution:
    """A trace ``Tr{H Sigma}`` as the sum of its parts; ``print(attribution)`` shows the table.

    Attributes
    ----------
    gauss_newton
        ``-||J F||_F^2 / sigma^2`` in nats, never positive for a covariance.
    activations
        The share of every activation, in order of evaluation; together the second part of eq. 7.
    route
        How it was computed: ``adjoint`` or ``tapped``.
    """

    gauss_newton: float
    activations: tuple[ActivationShare, ...]
    route: str

    @property
    def second_order(self) -> float:
        """Sum of all activations' shares in nats."""
        return math.fsum(share.nats for share in self.activations)

    @property
    def total(self) -> float:
        """``Tr{H Sigma}`` in nats."""
        return math.fsum([self.gauss_newton, *(share.nats for share in self.activations)])

    def __str__(self) -> str:
        width = max([len("Gauss-Newton"), *(len(share.name) for share in self.activations)])
        scale = abs(self.total) or math.nan
        rows = [("Gauss-Newton", self.gauss_newton), *((share.name, share.nats) for share in self.activations)]
        lines = [f"{name:<{width}} {nats:>+14.6g} {100 * nats / scale:>+9.3f} %" for name, nats in rows]
        head = f"Tr(H Sigma) = {self.total:+.6g} nats, by parts ({self.route}); percent of its size"
        return "\n".join([head, *lines])


def attribution(operator: HessianOperator, moments: Moments, versus: Moments | None = None) -> Attribution:
    """Split ``Tr{H Sigma}``, or ``Tr{H (Sigma - Sigma_versus)}``, by the activation-weight identity.

    Raises
    ------
    ShapeError
        If the moments are of other events.
    RouteError
        If the model is not made of linear maps and elementwise activations under a Gaussian prior; names the module.
    NonFiniteError
        If the Hessian is not finite.
    """
    operator = operator.by_parts()
    for name, given in (("moments", moments), ("versus", moments if versus is None else versus)):
        require_moments(given, name, operator.point.event_shape)
    _, nats = summed_forms(operator, SignedFactor.of(moments, versus, operator.point.x0))
    gauss_newton, *activations = zip(operator.parts, nats.tolist(), strict=True)
    shares = [ActivationShare(part.name, part.level, part.step, part.layer, share) for part, share in activations]
    return Attribution(gauss_newton[1], tuple(shares), operator.route)
