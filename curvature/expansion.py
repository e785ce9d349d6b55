"""The second-order expansion of log p about a point (docs/theory.md, eq. 8), for any differentiable log density."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.attribution import Attribution, attribution
from curvature.errors import ShapeError
from curvature.hessian.operator import HessianOperator, diagonal, products, quadratic_forms
from curvature.hessian.point import DensityPoint
from curvature.hessian.routes import fastest
from curvature.log_prob_parts import part_points
from curvature.memory import DEFAULT_MEMORY_BUDGET
from curvature.moments import Moments, require_events
from curvature.precision import LogDensity, LogProb
from curvature.preconditions import float_tensor
from curvature.prediction import Prediction, predict
from curvature.spectrum import Spectrum, spectrum
from curvature.traces.methods import trace
from curvature.traces.trace import Trace


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
        A module is copied to `dtype` and not changed itself; a plain function must compute in `dtype`.
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
    StochasticError, BatchMixingError
        If two calls at one x differ, or log p of a sample depends on the others in its batch.
    GradientError
        If the derivatives of log_prob are not those of its values.
    DtypeError, ShapeError, OptionError
        If `at` is no float event, or log_prob is not a differentiable function ``[B, *event] -> [B]`` in `dtype`.
    NonFiniteError
        If the point, log p or its gradient is not finite.

    Warns
    -----
    ModelWarning
        If log_prob computes in a lower precision inside, or does not look like log p in nats.
    """
    return Expansion(fastest(DensityPoint.of(log_prob, at, memory_budget, dtype)))


@dataclass(frozen=True, eq=False, repr=False)
class Expansion:
    """``log p(x) ~ log p(x0) + g.d + 1/2 d'H d`` with ``d = x - x0``; made by `expand`.

    Attributes
    ----------
    operator
        H at x0, by the fastest route that the model allows.
    """

    operator: HessianOperator

    @property
    def log_prob(self) -> LogDensity:
        """The density, or the part of it that is expanded, in the precision of x0: ``[B, *event] -> [B]`` nats."""
        return self.operator.point.density

    @property
    def at(self) -> Float[Tensor, "*event"]:
        """The expansion point x0."""
        return self.operator.point.x0

    @property
    def value(self) -> float:
        """Log p(x0) in nats."""
        return self.operator.point.value

    @property
    def gradient(self) -> Float[Tensor, "*event"]:
        """Gradient g of log p at x0, in nats per unit of the input."""
        return self.operator.point.gradient

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Shape of one event."""
        return self.operator.point.event_shape

    @property
    def dim(self) -> int:
        """Number D of entries of an event."""
        return self.operator.point.dim

    @property
    def part(self) -> str:
        """Name of the part of log p that is expanded; empty if it is log p itself."""
        return self.log_prob.part

    @cached_property
    def parts(self) -> Mapping[str, "Expansion"]:
        """Expansions of the parts of log p about the same point, by name (docs/theory.md, eq. 8a).

        Those that the model names in ``log_prob_parts(x) -> {name: [B]}``, such as ``prior`` and ``log_det``; empty if
        it has no such method. Predictions, traces and rungs of the parts add up to those of the whole, adaptive rungs
        within their tolerance. The parts are differentiated, whichever route the whole takes.

        Raises
        ------
        OptionError
            If the parts do not add up to log p, or have no names.
        DtypeError, ShapeError, NonFiniteError
            If a part is not one finite number a sample.
        """
        return {name: Expansion(fastest(point)) for name, point in part_points(self.operator.point).items()}

    def dense(self) -> "Expansion":
        """Return the same expansion with H as a matrix: this takes D products with H and makes all later ones cheap."""
        return replace(self, operator=self.operator.dense())

    def about(self, at: Any) -> "Expansion":
        """Expand the same log p, or part of it, about another point, with the same precision and memory budget."""
        return Expansion(fastest(self.operator.point.about(at)))

    def hvp(self, v: Any) -> Tensor:
        """Multiply H with a vector ``[*event]`` or with the rows of a batch ``[R, *event]``.

        Raises
        ------
        ShapeError, NonFiniteError
            If v is of another shape, or a product is not finite.
        """
        rows, single = self._rows(v)
        Hv = products(self.operator, rows)
        return Hv[0] if single else Hv

    def quadratic(self, v: Any) -> Tensor:
        """Return ``v'H v`` for a vector (a 0-d tensor) or for each row of a batch ``[R]``, in nats.

        Raises
        ------
        ShapeError, NonFiniteError
            If v is of another shape, or a product is not finite.
        """
        rows, single = self._rows(v)
        values = quadratic_forms(self.operator, rows)
        return values[0] if single else values

    def hessian(self) -> Float[Tensor, "D D"]:
        """Return H as a symmetric matrix: D products with H, or none if the expansion is dense already."""
        return self.operator.dense().matrix

    def diagonal(self) -> Float[Tensor, "*event"]:
        """Return the exact diagonal of H: D quadratic forms, but only D numbers of memory."""
        return diagonal(self.operator)

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
            ``members``: the Hessians of the models whose mean density an ensemble is, each by its own fastest route.
            ``adjoint``: tangents pushed through the layers that a model describes, with a weight for each hidden unit.
            ``jet``: value, tangents and second derivatives through the same layers: an independent check.
            ``tapped``: like `adjoint`, with hooks, for any model of linear maps and elementwise activations.
            ``hvp``: one product with H for each column, by forward-over-reverse differentiation, for any model.
            ``dense``: from the dense Hessian.
            ``hutchinson``, ``deflated``: stochastic estimates with a standard error.
        versus
            Moments whose covariance is subtracted: ``Tr{H (Sigma - Sigma_versus)}`` in one pass over signed columns.
        num_matvecs, generator
            Budget of an estimate, in quadratic forms, and its source of randomness or a seed; for estimates only.

        Raises
        ------
        UnknownNameError, DtypeError, ShapeError, NonFiniteError
            If there is no such method, what was given are no moments or those of other events, or the Hessian is not
            finite.
        OptionError
            If an estimate lacks a budget or a generator, or an exact method is given one.
        RouteError
            If the model does not allow the method; the message names the module that prevents it.
        """
        require_events(self.event_shape, moments=moments, versus=versus)
        return trace(self.operator, moments, method, versus=versus, num_matvecs=num_matvecs, generator=generator)

    def attribution(self, moments: Moments, versus: Moments | None = None) -> Attribution:
        """Split ``Tr{H Sigma}`` into its Gauss-Newton part and every activation's; see `curvature.attribution`."""
        return attribution(self.operator, moments, versus)

    def spectrum(self, lowest: int = 5, highest: int = 5, seed: int = 0, route: str = "auto") -> Spectrum:
        """Return the extreme eigenpairs of H, by Lanczos where D is large; see `curvature.spectrum.spectrum`."""
        return spectrum(self.operator, lowest, highest, seed, route)

    def predict(self, q: Moments, versus: Moments, method: str = "exact", sampling_error: bool = True) -> Prediction:
        """Predict ``E_q log p - E_p log p`` from the moments of q and p; see `curvature.prediction.predict`."""
        return predict(self.operator, q, versus, method, sampling_error)

    def _rows(self, v: Any) -> tuple[Tensor, bool]:
        """Return a vector or a batch as a batch on the expansion's device and dtype, and whether it was one vector."""
        rows = float_tensor(v, "v").to(self.at)
        if rows.shape == self.at.shape:
            return rows[None], True
        if rows.shape[1:] != self.at.shape or rows.ndim != self.at.ndim + 1:
            raise ShapeError(
                f"v: expected shape {self.event_shape} or [R, *{self.event_shape}], got {tuple(rows.shape)}"
            )
        return rows, False

    def __repr__(self) -> str:
        what = f"part {self.part!r} of log p" if self.part else "log p"
        value = f"{what}(x0)={self.value:.6g} nats"
        return f"Expansion(event_shape={self.event_shape}, {value}, route={self.operator.route!r})"
