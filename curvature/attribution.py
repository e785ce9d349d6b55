"""Where the curvature lives: a trace split into the Gauss-Newton part and each activation's share (eq. 61)."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from curvature.moments import Moments
from curvature.traces.signed import SignedFactor
from curvature.traces.trace import summed_forms

if TYPE_CHECKING:
    from curvature.expansion import Expansion


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


def attribution(expansion: "Expansion", moments: Moments, versus: Moments | None = None) -> Attribution:
    """Split ``Tr{H Sigma}``, or ``Tr{H (Sigma - Sigma_versus)}``, by the activation-weight identity.

    Raises
    ------
    RouteError
        If the model is not made of linear maps and elementwise activations under a Gaussian prior; names the module.
    NonFiniteError
        If the Hessian is not finite.
    """
    factor = SignedFactor.of(moments, versus, expansion.at)
    route = "tapped" if expansion.linearisation is None else "adjoint"
    forms = summed_forms(expansion, factor, route)
    source = expansion.require_tapped_model() if route == "tapped" else expansion.require_linearisation()
    shares = [
        ActivationShare(a.name, a.level, a.step, a.layer, nats)
        for a, nats in zip(source.activations, forms.activations.flatten().tolist(), strict=True)
    ]
    return Attribution(float(forms.gauss_newton), tuple(shares), route)
