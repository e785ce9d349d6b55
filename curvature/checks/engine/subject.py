"""The flow under test: a frozen copy of it in float64, the user's data, and what both offer to the checks."""

import copy
import types
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from curvature import flow_parts
from curvature.errors import ShapeError, ToolkitError
from curvature.not_applicable import NotApplicableError
from curvature.precision import LogDensity
from curvature.preconditions import float_tensor, require_finite

MOST_EVENTS = 256
BLOCK = 128
SAMPLES, FAST_SAMPLES, SAMPLED_NUMBERS = 1024, 256, 2_000_000


@dataclass(frozen=True, eq=False)
class Subject:
    """A flow and data to check it on.

    Attributes
    ----------
    flow
        As the user gave it.
    density
        Its log p in float64, of a frozen copy.
    model
        That copy, for `forward`, `inverse` and so on; the object itself if it is no module; None for a function.
    x
        The user's events in float64, 256 at most.
    fast
        Whether to do with fewer samples and coarser grids.
    """

    flow: Any
    density: LogDensity
    model: Any
    x: Float[Tensor, " N *event"]
    fast: bool = False
    _samples: dict[int, Tensor] = field(default_factory=dict)
    _has_density: dict[Any, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, flow: Any, x: Any, fast: bool = False) -> "Subject":
        """Copy a flow to float64, and see that it takes the data.

        Parameters
        ----------
        flow
            A module, or another object, with `log_prob`; or that method; or a function ``[B, *event] -> [B]``.
        x
            Finite float events ``[N, *event]``.
        fast
            As the attribute.

        Raises
        ------
        ToolkitError
            If the model is not ready to be evaluated, as in training mode, or the data are not what it takes.
        """
        events = require_finite(float_tensor(x, "x"), "x")
        if events.ndim == 0 or not events.numel():
            raise ShapeError(f"x: expected events [N, *event] with N > 0, got shape {tuple(events.shape)}")
        is_object = not isinstance(flow, nn.Module) and hasattr(flow, "log_prob")
        density = LogDensity.of(flow.log_prob if is_object else flow)
        model = flow if is_object else getattr(density.function, "__self__", None)
        events = events[:MOST_EVENTS].to(density.device or events.device, density.dtype)
        subject = cls(flow, density, model, events, fast)
        try:
            subject.log_prob(events[:2])
        except (ToolkitError, NotImplementedError):
            raise
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            what = f"x: log_prob failed on a batch of shape {tuple(events[:2].shape)}"
            raise ShapeError(f"{what}: {type(error).__name__}: {str(error).splitlines()[0]}") from error
        return subject

    @property
    def dim(self) -> int:
        """Number D of entries of an event."""
        return self.x[0].numel()

    @property
    def module(self) -> nn.Module:
        """The copy as a module."""
        if not isinstance(self.model, nn.Module):
            raise NotApplicableError("log_prob is a plain function: there is no module to copy")
        return self.model

    def at(self, point: Any) -> Float[Tensor, "*event"]:
        """A point as an event, if log p is finite there."""
        event: Tensor = point.event(self.x)
        if point not in self._has_density:
            self._has_density[point] = bool(self.log_probs(event[None]).isfinite())
        if not self._has_density[point]:
            raise NotApplicableError("log p is not finite at any point that was tried")
        return event

    def log_prob(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Log p of a batch in nats; the batch is safe from a model that writes to its input."""
        return self.density(x.clone())

    @torch.no_grad()
    def log_probs(self, x: Float[Tensor, " N *event"], block: int = BLOCK) -> Float[Tensor, " N"]:
        """Log p of any number of events, block by block, without a graph."""
        return torch.cat([self.log_prob(part) for part in x.split(block)])

    def log_prob_of(self, module: nn.Module, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Log p by another module of the same class."""
        assert isinstance(self.density.function, types.MethodType)
        log_p: Tensor = types.MethodType(self.density.function.__func__, module)(x.clone())
        return log_p

    def copied(self) -> nn.Module:
        """A copy of the module."""
        return copy.deepcopy(self.module)

    def forward(self, x: Float[Tensor, " B *event"]) -> tuple[Tensor, Float[Tensor, " B"]]:
        """Latents and log-determinants."""
        return flow_parts.forward(self.model, x.clone())

    def inverse(self, z: Tensor) -> Float[Tensor, " B *event"]:
        """Events with these latents."""
        return flow_parts.inverse(self.model, z.clone(), self.x)

    def samples(self, seed: int) -> Float[Tensor, " n *event"]:
        """The model's own samples: 1,024, fewer where events are large."""
        if seed not in self._samples:
            n = max(min(FAST_SAMPLES if self.fast else SAMPLES, SAMPLED_NUMBERS // self.dim), 64)
            self._samples[seed] = flow_parts.sample(self.model, n, seed, self.x)
        return self._samples[seed]

    @property
    def prior_scale(self) -> float:
        """Sigma of the prior."""
        return flow_parts.prior_scale(self.model)

    def require_constant_volume(self) -> None:
        """Raise `NotApplicableError` unless the model promises a constant log-determinant."""
        flow_parts.require_constant_volume(self.model)

    @property
    def is_mass(self) -> bool:
        """Whether log p is that of a probability mass of 8-bit images."""
        return flow_parts.is_mass(self.model)

    def require_exact(self) -> None:
        """Raise `NotApplicableError` if log p is an estimate."""
        flow_parts.require_exact(self.model)

    def require_dim(self, most: int, what: str) -> None:
        """Raise `NotApplicableError` if events have more entries than a check can afford."""
        if self.dim > most:
            raise NotApplicableError(f"D = {self.dim}: {what} is checked up to D = {most}")
