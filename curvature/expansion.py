"""The second-order expansion of log p about a point (docs/theory.md, eq. 8), for any differentiable log density."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import RouteError
from curvature.hessian.derivatives import value_and_gradient
from curvature.hessian.layered.verification import verified_linearisation
from curvature.hessian.second_order import SecondOrder
from curvature.independence import require_independent_samples
from curvature.memory import DEFAULT_MEMORY_BUDGET, columns_within
from curvature.moments import Moments
from curvature.precision import LogDensity, LogProb
from curvature.preconditions import float_tensor, require_finite, require_shape
from curvature.traces.trace import Trace, trace

if TYPE_CHECKING:
    from curvature.attribution import Attribution
    from curvature.prediction import Prediction
    from curvature.spectrum import Spectrum


def expand(
    log_prob: LogProb,
    at: Any,
    *,
    memory_budget: float = DEFAULT_MEMORY_BUDGET,
    dtype: torch.dtype = torch.float64,
) -> "Expansion":
    """Expand log p to second order about a point.

    Parameters
    ----------
    log_prob
        A module with a method `log_prob`, a bound method of a module, or any function ``[B, *event] -> [B]`` in nats.
        A module is copied to `dtype` and left as it is; a function must compute in `dtype` by itself.
    at
        The expansion point x0, one event of floats in the units of the model's input.
    memory_budget
        Bytes that differentiation may use beyond the model and the results; work is cut into chunks to fit.
    dtype
        Precision of everything; float64 whatever the model was trained in.

    Returns
    -------
    Expansion
        On the model's device, or that of `at` if log_prob is a plain function.

    Raises
    ------
    TrainingModeError, UninitialisedError
        If the model is not ready to be evaluated.
    BatchMixingError
        If log p of a sample depends on the others in its batch.
    DtypeError, ShapeError, OptionError
        If `at` is no float event, or log_prob is not a differentiable function ``[B, *event] -> [B]`` in `dtype`.
    NonFiniteError
        If the point, log p or its gradient is not finite.
    """
    density = LogDensity.of(log_prob, dtype)
    x0 = require_finite(float_tensor(at, "expansion point"), "expansion point")
    x0 = x0.to(density.device or x0.device, dtype, copy=True)
    chunk = columns_within(memory_budget, density, x0)
    value, g = value_and_gradient(density, x0)
    require_finite(value, "log p at the expansion point")
    require_finite(g, "gradient of log p")
    require_independent_samples(density, x0, float(value))
    linearisation = None
    if density.layers is not None:
        try:
            linearisation = verified_linearisation(density, density.layers, x0, float(value), g)
        except RouteError as error:
            density = replace(density, layers=None, refusal=str(error))
    return Expansion(
        log_prob=density,
        at=x0,
        value=float(value),
        gradient=g,
        chunk=chunk,
        memory_budget=memory_budget,
        linearisation=linearisation,
    )


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Expansion(SecondOrder):
    """``log p(x) ~ log p(x0) + g.d + 1/2 d'H d`` with ``d = x - x0``; made by `expand`.

    Attributes
    ----------
    value
        log p(x0) in nats.
    gradient
        g at x0, in nats per unit of the input.
    log_prob, at, chunk, memory_budget, linearisation
        As for `SecondOrder`.
    """

    value: float
    gradient: Float[Tensor, "*event"]

    def trace(
        self,
        moments: Moments,
        method: str = "exact",
        *,
        versus: Moments | None = None,
        num_matvecs: int | None = None,
        generator: torch.Generator | int | None = None,
    ) -> Trace:
        """Return ``Tr{H Sigma}`` for the covariance of the moments (docs/theory.md, eq. 10).

        Parameters
        ----------
        moments
            Moments of events of the expansion's shape.
        method
            ``exact``: the cheapest of the following that the model allows, recorded in `Trace.route`.
            ``adjoint``: tangents through the layers that a model describes, with every hidden unit's weight.
            ``jet``: value, tangents and second derivatives through the same layers: an independent check.
            ``tapped``: as `adjoint`, by hooks, for any model of linear maps and elementwise activations.
            ``hvp``: one product by forward-over-reverse differentiation a column, for any model.
            ``dense``: from the dense Hessian.
            ``hutchinson``, ``deflated``: stochastic estimates with a standard error (`curvature.traces.estimators`).
        versus
            Moments whose covariance is subtracted: ``Tr{H (Sigma - Sigma_versus)}`` in one pass over signed columns.
        num_matvecs, generator
            Budget of an estimate, in quadratic forms, and its source of randomness or a seed; for estimates only.

        Raises
        ------
        UnknownNameError, ShapeError, NonFiniteError
            If there is no such method, the moments are of other events, or the Hessian is not finite.
        OptionError
            If an estimate lacks a budget or a generator, or an exact route is given one.
        RouteError
            If the model does not allow the method; says which module is in the way.
        """
        self._require_moments(moments, versus)
        return trace(self, moments, method, versus=versus, num_matvecs=num_matvecs, generator=generator)

    def attribution(self, moments: Moments, versus: Moments | None = None) -> "Attribution":
        """Split ``Tr{H Sigma}`` into its Gauss-Newton part and every activation's; see `curvature.attribution`."""
        from curvature.attribution import attribution

        self._require_moments(moments, versus)
        return attribution(self, moments, versus)

    def spectrum(self, lowest: int = 5, highest: int = 5, seed: int = 0, route: str = "auto") -> "Spectrum":
        """Return the extreme eigenpairs of H, by Lanczos where D is large; see `curvature.spectrum.spectrum`."""
        from curvature.spectrum import spectrum

        return spectrum(self, lowest, highest, seed, route)

    def predict(self, q: Moments, versus: Moments, method: str = "exact", sampling_error: bool = True) -> "Prediction":
        """Predict ``E_q log p - E_p log p`` from the moments of q and p; see `curvature.prediction.predict`."""
        from curvature.prediction import predict

        return predict(self, q, versus, method, sampling_error)

    def _require_moments(self, moments: Moments, versus: Moments | None) -> None:
        """Raise unless the moments are of events of the expansion's shape."""
        for name, given in (("moments", moments), ("versus", versus)):
            if given is not None:
                require_shape(given.event_shape, self.event_shape, f"{name}: event shape against the expansion point")

    def __repr__(self) -> str:
        return f"Expansion(event_shape={self.event_shape}, value={self.value:.6g} nats, dtype={self.at.dtype})"
