"""One rung's prediction of the gap between two sets, compared with the gap measured on the same samples (eq. 21)."""

import math
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float
from torch import Tensor

from curvature.ladder.evaluation import RungValues
from curvature.ladder.rung import Kind, Rung
from curvature.ladder.set_value import SetValue, set_gap
from curvature.units import gap_bits_per_dim


@dataclass(frozen=True)
class RungPrediction:
    """One prediction of the gap of q against p, or the measured gap itself.

    Attributes
    ----------
    name
        Name of the rung, or ``measured``.
    kind
        ``moments``: a prediction from means, covariances and the model; ``samples``: an explanation from the samples.
    nats
        ``E_q log p - E_p log p``; positive = q more likely.
    bits_per_dim
        The gap in bits per dimension; negative = q more likely (eq. 3).
    standard_error
        Standard error of `bits_per_dim` in bits per dimension, from the samples, for the given x0 (eq. 21). It assumes
        no distribution.
    route
        How it was computed.
    nodes
        Quadrature nodes that a path rung took for q; None for other rungs.
    converged
        Whether an adaptive rule converged on both sets; True for rungs without one.
    difference
        Predicted minus measured, bits per dimension.
    difference_standard_error
        Standard error of `difference` in bits per dimension, paired: both gaps are taken on the same samples.
    ratio
        Predicted over measured; NaN where the measured gap is zero.
    sign_agrees
        Whether the prediction has the sign of the measurement.
    draws_standard_error
        The part of `standard_error` that random draws make, bits per dimension; zero for rungs without any.
    half_sample
        The gap from half of the samples, bits per dimension, for rungs whose value of a set is not a mean over its
        samples: what it differs by says how biased such a value is. None for other rungs.
    """

    name: str
    kind: Kind
    nats: float
    bits_per_dim: float
    standard_error: float
    route: str
    nodes: int | None
    converged: bool
    difference: float
    difference_standard_error: float
    ratio: float
    sign_agrees: bool
    draws_standard_error: float = 0.0
    half_sample: float | None = None

    @property
    def unexplained(self) -> float:
        """Measured minus predicted, bits per dimension, with the standard error of `difference`."""
        return -self.difference

    @classmethod
    def of(
        cls,
        name: str,
        kind: Kind,
        q: Float[Tensor, " N"],
        p: Float[Tensor, " M"],
        measured_q: Float[Tensor, " N"],
        measured_p: Float[Tensor, " M"],
        *,
        dim: int,
        route: str,
        nodes: int | None = None,
        converged: bool = True,
    ) -> "RungPrediction":
        """Average one rung's values over both sets, with standard errors.

        Parameters
        ----------
        q, p
            The rung's values for the samples of q and of p, in nats.
        measured_q, measured_p
            log p of the same samples, in nats.
        """
        measured, _ = gap(measured_q, measured_p)
        return cls(
            name=name,
            kind=kind,
            route=route,
            nodes=nodes,
            converged=converged,
            **_in_bits(gap(q, p), gap(q - measured_q, p - measured_p), measured, dim),
        )

    @classmethod
    def of_sets(
        cls,
        name: str,
        kind: Kind,
        q: SetValue,
        p: SetValue,
        measured_q: Float[Tensor, " N"],
        measured_p: Float[Tensor, " M"],
        *,
        dim: int,
        route: str,
    ) -> "RungPrediction":
        """Subtract one rung's values of both sets as wholes, with standard errors (eq. 85); arguments as for `of`."""
        found, (measured, _) = set_gap(q, p), gap(measured_q, measured_p)
        difference = set_gap(q.less(measured_q), p.less(measured_p))
        half = q.half - p.half
        return cls(
            name=name,
            kind=kind,
            route=route,
            nodes=None,
            converged=True,
            draws_standard_error=found.draws_error / (dim * math.log(2)),
            half_sample=gap_bits_per_dim(half, dim) if math.isfinite(half) else None,
            **_in_bits(found[:2], difference[:2], measured, dim),
        )

    def __repr__(self) -> str:
        mark = "" if self.converged else ", not converged"
        return f"RungPrediction({self.name}: {self.bits_per_dim:+.4f} +- {self.standard_error:.4f} bits/dim{mark})"


def prediction_of(rung: Rung, q: RungValues, p: RungValues) -> RungPrediction:
    """Compare two sets on one rung, whether it has values for each sample or for a set as a whole."""
    name, route = rung.name, q.routes[rung.name]
    if name in q.of_set:
        return RungPrediction.of_sets(
            name, rung.kind, q.of_set[name], p.of_set[name], q.measured, p.measured, dim=q.dim, route=route
        )
    return RungPrediction.of(
        name,
        rung.kind,
        q.values[name],
        p.values[name],
        q.measured,
        p.measured,
        dim=q.dim,
        route=route,
        nodes=q.nodes.get(name),
        converged=q.converged[name] and p.converged[name],
    )


def _in_bits(own: tuple[float, float], rest: tuple[float, float], measured: float, dim: int) -> dict[str, Any]:
    """Fields of a prediction from the gap and from its difference to the measured one, with errors, all in nats."""
    (nats, error), (difference, difference_error) = own, rest
    bits = 1 / (dim * math.log(2))
    return {
        "nats": nats,
        "bits_per_dim": gap_bits_per_dim(nats, dim),
        "standard_error": error * bits,
        "difference": -difference * bits,
        "difference_standard_error": difference_error * bits,
        "ratio": nats / measured if measured else math.nan,
        "sign_agrees": (nats > 0) == (measured > 0) and (nats < 0) == (measured < 0),
    }


def gap(q: Float[Tensor, " N"], p: Float[Tensor, " M"]) -> tuple[float, float]:
    """Difference of means and its standard error, ``sqrt(var_q / N + var_p / M)``."""
    q, p = q.double(), p.double()
    return float(q.mean() - p.mean()), math.sqrt(float(q.var() / len(q) + p.var() / len(p)))
