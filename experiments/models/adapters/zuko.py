"""Flows and mixtures of zuko: modules that return a distribution when they are called.

References
----------
F. Rozet et al., "Zuko: Normalizing flows in PyTorch", https://zuko.readthedocs.io.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.distributions import Distribution

from curvature.errors import OptionError
from curvature.hessian.layered.flow import LayeredFlow
from curvature.hessian.layered.layers import Dense
from experiments.models.adapters.adapted import AdaptedModel, seeded
from experiments.models.adapters.adapter import Adapter, is_of
from experiments.models.adapters.described import CouplingSteps, Network, network_layers, unknown_step


class ZukoDistribution(AdaptedModel):
    """`log p(x | c)` of a lazy distribution at a fixed context c."""

    def distribution(self) -> Distribution:
        """Return zuko's distribution at the context."""
        made: Distribution = self.model(self.context)
        return made

    def log_prob(self, x: Float[Tensor, "B D"]) -> Float[Tensor, " B"]:
        """Return `log p(x)` in nats."""
        log_p: Tensor = self.distribution().log_prob(x)
        return log_p

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator | None = None) -> Float[Tensor, "n D"]:
        """Draw n events."""
        with seeded(generator):
            drawn: Tensor = self.distribution().sample(torch.Size((n,)))
        return drawn


class ZukoFlow(ZukoDistribution):
    """A flow of zuko, with its latents."""

    def forward(self, x: Float[Tensor, "B D"]) -> tuple[Float[Tensor, "B D"], Float[Tensor, " B"]]:
        """Return the latents `z = f(x)` and `log|det df/dx|` in nats."""
        z, log_det = self.distribution().transform.call_and_ladj(x)  # type: ignore[attr-defined]
        return z, log_det

    def inverse(self, z: Float[Tensor, "B D"]) -> Float[Tensor, "B D"]:
        """Return `x = f^{-1}(z)`."""
        x: Tensor = self.distribution().transform.inv(z)  # type: ignore[attr-defined]
        return x

    def curvature_layers(self) -> LayeredFlow:
        """Describe the layers of a flow of additive couplings.

        Raises
        ------
        RouteError
            If it has other transforms, or a context.
        """
        steps = self.model.transform.transforms  # type: ignore[union-attr]
        masks: list[Any] = [getattr(step, "mask", None) for step in steps]  # type: ignore[union-attr]
        collected = None
        for step, mask in zip(steps, masks, strict=True):  # type: ignore[arg-type]
            is_additive = getattr(getattr(step, "univariate", None), "__name__", "") == "AdditiveTransform"
            if mask is None or not is_additive or self.context is not None:
                raise unknown_step(step)
            collected = collected or CouplingSteps(len(mask), mask.device)
            collected.couple(
                mask.nonzero()[:, 0], (~mask).nonzero()[:, 0], network_layers(step.hyper, "hyper", _linear)
            )
        if collected is None:
            raise unknown_step(self.model)
        return collected.flow()


def _linear(module: nn.Module, name: str) -> Network | None:
    """A linear layer of zuko's own, unless it is a stack of several."""
    weight: Any = getattr(module, "weight", None)
    if not is_of("zuko", "Linear")(module) or weight.ndim != 2:
        return None
    return (Dense(weight, module.bias),)  # type: ignore[arg-type]


def adapt_zuko(model: Any, context: Any) -> nn.Module:
    """Adapt a lazy distribution.

    Raises
    ------
    OptionError
        If it is a distribution that a flow returned, another of zuko's modules, or a conditional flow without context.
    """
    if isinstance(model, Distribution):
        raise OptionError(
            f"adapt: {type(model).__name__} is what a flow of zuko returns when it is called, bound to its weights as "
            "they are; pass the flow itself, adapt(flow), and a context as adapt(flow, context=c)"
        )
    if not is_of("zuko", "LazyDistribution")(model):
        raise OptionError(f"adapt: {type(model).__name__} of zuko is no flow and no lazy distribution")
    kind = ZukoFlow if is_of("zuko", "Flow")(model) else ZukoDistribution
    adapted = kind(model, context)
    try:
        adapted.sample(1, torch.Generator().manual_seed(0))
    except (RuntimeError, TypeError, AttributeError) as error:
        raise OptionError(
            f"adapt: {type(model).__name__} cannot be evaluated with context {_shape_of(adapted.context)} "
            f"({str(error).splitlines()[0]}); a conditional flow needs adapt(flow, context=c), c of shape [features]"
        ) from error
    return adapted


def _shape_of(context: Tensor | None) -> str:
    return "None" if context is None else f"a tensor of shape {tuple(context.shape)}"


ADAPTER = Adapter("zuko", "zuko", 10, is_of("zuko"), adapt_zuko)
