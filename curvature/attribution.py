"""A trace ``Tr{H Sigma}`` split into the Gauss-Newton part and a share of each activation (docs/theory.md, eq. 61)."""

import math
from dataclasses import dataclass

from curvature.errors import RouteError
from curvature.hessian.operator import HessianOperator
from curvature.moments import Moments, require_events
from curvature.traces.exact import summed_forms
from curvature.traces.signed import SignedFactor


@dataclass(frozen=True)
class ActivationShare:
    """What the second derivative of one activation adds to ``Tr{H Sigma}``.

    Attributes
    ----------
    name
        Name of the activation, such as ``level 0, step 2, layer 1``.
    level, step, layer
        Its place in the flow, counted from 0; None for models that do not number their activations.
    nats
        The share in nats; it can have either sign.
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
        If the model is not made of linear maps and elementwise activations under a Gaussian prior; the message names
        the module.
    NonFiniteError
        If the Hessian is not finite.
    """
    try:
        operator = operator.with_form_parts()
    except RouteError as error:
        raise RouteError(f"attribution: {error}; what can be had is the sum of all parts, by trace") from error
    require_events(operator.point.event_shape, moments=moments, versus=versus)
    _, nats = summed_forms(operator, SignedFactor.of(moments, versus, operator.point.x0))
    gauss_newton, *activations = zip(operator.form_parts, nats.tolist(), strict=True)
    shares = [ActivationShare(part.name, part.level, part.step, part.layer, share) for part, share in activations]
    return Attribution(gauss_newton[1], tuple(shares), operator.route)
