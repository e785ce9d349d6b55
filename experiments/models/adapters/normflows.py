"""Flows of normflows: `NormalizingFlow`, the conditional ones, and `MultiscaleFlow`, whose `log_prob` asks for classes.

References
----------
V. Stimper et al., "normflows: A PyTorch package for normalizing flows", JOSS 8 (2023), arXiv:2302.12014.
"""

from collections.abc import Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from curvature.errors import OptionError
from curvature.hessian.layered.flow import LayeredFlow
from experiments.models.adapters.adapted import AdaptedModel, no_context, require_initialised, seeded
from experiments.models.adapters.adapter import Adapter, is_of
from experiments.models.adapters.described import CouplingSteps, Network, network_layers, unknown_step

CONDITIONAL = ("ConditionalNormalizingFlow", "ClassCondFlow", "MultiscaleFlow")
FLOWS = ("NormalizingFlow", *CONDITIONAL)
BLOCKS = ("AffineCouplingBlock", "GlowBlock")
"""Flows that run their own `flows` one after the other."""


class NormflowsFlow(AdaptedModel):
    """`log p(x)`, or `log p(x | c)` at a fixed context or class, of a flow of normflows."""

    def log_prob(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Return `log p(x)` in nats."""
        log_p: Tensor = self.model.log_prob(x, *self._conditions(len(x)))  # type: ignore[operator]
        return log_p

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator | None = None) -> Float[Tensor, " n *event"]:
        """Draw n events."""
        with seeded(generator):
            drawn: Tensor = self.model.sample(n, *self._conditions(n))[0]  # type: ignore[operator]
        return drawn

    def _conditions(self, count: int) -> tuple[Any, ...]:
        return (self.contexts(count),) if is_of("normflows", *CONDITIONAL)(self.model) else ()


class NormflowsBijection(NormflowsFlow):
    """A flow of one scale, with its latents. normflows runs from latents to events: its inverse is `forward` here."""

    def forward(self, x: Float[Tensor, " B *event"]) -> tuple[Tensor, Float[Tensor, " B"]]:
        """Return the latents `z = f(x)` and `log|det df/dx|` in nats."""
        # normflows' own inverse_and_log_det adds up in float32 whatever the model's precision.
        log_det = x.new_zeros(len(x))
        for flow in reversed(_single_flows(self.model.flows)):  # type: ignore[arg-type]
            x, own = flow.inverse(x, *self._conditions(len(x)))
            log_det = log_det + own
        return x, log_det

    def log_prob(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Return `log p(x)` in nats."""
        # normflows' own log_prob adds up in place, which torch.func.vmap refuses.
        z, log_det = self(x)
        base: Tensor = self.model.q0.log_prob(z, *self._conditions(len(x)))  # type: ignore[union-attr,operator]
        return log_det + base

    def curvature_layers(self) -> LayeredFlow:
        """Describe the layers of a flow of couplings without scales on vectors.

        Raises
        ------
        RouteError
            If it has other flows.
        """
        dim: Any = getattr(self.model.q0, "d", None)
        if not is_of("normflows", "DiagGaussian")(self.model.q0) or len(self.model.q0.shape) != 1:  # type: ignore
            raise unknown_step(self.model.q0)
        collected = CouplingSteps(dim, next(self.parameters()).device)
        entries = torch.arange(dim, device=collected.device)
        for step in reversed(_single_flows(self.model.flows)):  # type: ignore[arg-type]
            if is_of("normflows", "AffineCoupling")(step) and not step.scale:
                first, second = entries.chunk(2)
                collected.couple(first, second, network_layers(step.param_map, "param_map", _perceptron), sign=-1)
            elif is_of("normflows", "Permute")(step):
                collected.permute(step.inverse(entries[None])[0][0])
            elif not (is_of("normflows", "Split")(step) and step.mode == "channel"):
                raise unknown_step(step)
        return collected.flow()

    def inverse(self, z: Tensor) -> Float[Tensor, " B *event"]:
        """Return `x = f^{-1}(z)`."""
        x: Tensor = self.model.forward(z, *self._conditions(len(z)))
        return x


class NormflowsMultiscale(NormflowsFlow):
    """A flow of several scales: its latents are those of all levels, flattened, the deepest first."""

    def forward(self, x: Float[Tensor, "B C H W"]) -> tuple[Float[Tensor, "B D"], Float[Tensor, " B"]]:
        """Return the latents `z = f(x)` and `log|det df/dx|` in nats."""
        levels, log_det = self.model.inverse_and_log_det(x)  # type: ignore[operator]
        return torch.cat([z.flatten(1) for z in levels], 1), log_det

    def inverse(self, z: Float[Tensor, "B D"]) -> Float[Tensor, "B C H W"]:
        """Return `x = f^{-1}(z)`."""
        shapes = [tuple(base.shape) for base in self.model.q0]  # type: ignore[union-attr]
        parts = z.split([int(torch.Size(shape).numel()) for shape in shapes], 1)
        levels = [part.reshape(len(z), *shape) for part, shape in zip(parts, shapes, strict=True)]
        x: Tensor = self.model.forward_and_log_det(levels)[0]  # type: ignore[operator]
        return x


def adapt_normflows(model: Any, context: Any) -> nn.Module:
    """Adapt a flow.

    Raises
    ------
    OptionError
        If it is another of normflows' modules, takes no context, or lacks the one that it needs.
    UninitialisedError
        If an ActNorm has not seen a batch: in normflows its first batch would set its parameters, in any mode.
    """
    if not is_of("normflows", *FLOWS)(model):
        raise OptionError(f"adapt: {type(model).__name__} of normflows is no flow with a density; pass one of {FLOWS}")
    require_initialised(model, lambda module: not bool(getattr(module, "data_dep_init_done", True)))
    is_multiscale = is_of("normflows", "MultiscaleFlow")(model)
    needs_context = getattr(model, "class_cond", True) if is_multiscale else is_of("normflows", *CONDITIONAL)(model)
    if not needs_context:
        no_context(context, model)
    elif context is None:
        raise OptionError(
            f"adapt: {type(model).__name__} needs what it is conditioned on; pass adapt(flow, context=3) for class 3, "
            "or a tensor [features]"
        )
    if is_multiscale:
        return NormflowsMultiscale(model, context)
    has_latents = not is_of("normflows", "ClassCondFlow")(model)
    return NormflowsBijection(model, context) if has_latents else NormflowsFlow(model, context)


def _perceptron(module: nn.Module, name: str) -> Network | None:
    return network_layers(module.net, name) if is_of("normflows", "MLP")(module) else None  # type: ignore[arg-type]


def _single_flows(flows: Iterable[Any]) -> list[Any]:
    """The flows that blocks are made of: blocks add up log-determinants in place, which `torch.func.vmap` refuses."""
    is_block = is_of("normflows", *BLOCKS)
    return [single for flow in flows for single in (_single_flows(flow.flows) if is_block(flow) else [flow])]


ADAPTER = Adapter("normflows", "normflows", 10, is_of("normflows"), adapt_normflows)
