"""Flows and distributions of nflows.

References
----------
C. Durkan, A. Bekasov, I. Murray, G. Papamakarios, "nflows: normalizing flows in PyTorch", 2020,
https://github.com/bayesiains/nflows.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from curvature.errors import OptionError
from curvature.hessian.layered.flow import LayeredFlow
from curvature.hessian.layered.layers import Residual
from experiments.models.adapters.adapted import AdaptedModel, default_dtype, require_initialised, seeded
from experiments.models.adapters.adapter import Adapter, is_of
from experiments.models.adapters.described import CouplingSteps, Network, network_layers, unknown_step

ACTIVATION_MODULES: dict[Any, type[nn.Module]] = {
    functional.relu: nn.ReLU,
    torch.relu: nn.ReLU,
    functional.silu: nn.SiLU,
    functional.softplus: nn.Softplus,
    functional.elu: nn.ELU,
    functional.gelu: nn.GELU,
    functional.mish: nn.Mish,
    functional.tanh: nn.Tanh,
    torch.tanh: nn.Tanh,
    torch.sigmoid: nn.Sigmoid,
}
"""nflows calls functions where hooks, and with them the route `tapped`, need modules."""


class NflowsDistribution(AdaptedModel):
    """`log p(x | c)` of a distribution of nflows at a fixed context c."""

    def log_prob(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Return `log p(x)` in nats."""
        log_p: Tensor = self.model.log_prob(x, context=self.contexts(len(x)))  # type: ignore[operator]
        return log_p

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator | None = None) -> Float[Tensor, " n *event"]:
        """Draw n events."""
        # nflows draws in torch's default precision, whatever the model's.
        dtype = next((each.dtype for each in self.model.parameters()), torch.get_default_dtype())
        with seeded(generator), default_dtype(dtype):
            drawn: Tensor = self.model.sample(n, context=self.contexts(1))  # type: ignore[operator]
        return drawn if self.context is None else drawn[0]


class NflowsFlow(NflowsDistribution):
    """A flow of nflows, with its latents."""

    def forward(self, x: Float[Tensor, " B *event"]) -> tuple[Tensor, Float[Tensor, " B"]]:
        """Return the latents `z = f(x)` and `log|det df/dx|` in nats."""
        z, log_det = self.model._transform(x, context=self._embedded(len(x)))  # type: ignore[operator]
        return z, log_det

    def inverse(self, z: Tensor) -> Float[Tensor, " B *event"]:
        """Return `x = f^{-1}(z)`."""
        x: Tensor = self.model._transform.inverse(z, context=self._embedded(len(z)))[0]  # type: ignore
        return x

    def curvature_layers(self) -> LayeredFlow:
        """Describe the layers of a flow of additive couplings on vectors.

        Raises
        ------
        RouteError
            If it has other transforms, or a context.
        """
        shape: Any = self.model._distribution._shape  # type: ignore[union-attr]
        composed: Any = self.model._transform
        if len(shape) != 1 or self.context is not None or not is_of("nflows", "CompositeTransform")(composed):
            raise unknown_step(composed)
        collected = CouplingSteps(shape[0], next(self.parameters()).device)
        for step in composed._transforms:
            if is_of("nflows", "AdditiveCouplingTransform")(step) and step.unconditional_transform is None:
                network = network_layers(step.transform_net, "transform_net", _residual)
                collected.couple(step.identity_features, step.transform_features, network)
            elif is_of("nflows", "Permutation")(step):
                collected.permute(step._permutation)
            else:
                raise unknown_step(step)
        return collected.flow()

    def _embedded(self, count: int) -> Any:
        return self.model._embedding_net(self.contexts(count))  # type: ignore[operator]


def _residual(module: nn.Module, name: str) -> Network | None:
    """A residual network of nflows, or one of its blocks, without batch normalisation and context."""
    part: Any = module
    if is_of("nflows", "ResidualNet")(module) and part.context_features is None:
        parts = {"initial_layer": part.initial_layer, **dict(part.blocks.named_children())}
        parts["final_layer"] = part.final_layer
        return tuple(each for key, inner in parts.items() for each in network_layers(inner, f"{name}.{key}", _residual))
    if is_of("nflows", "ResidualBlock")(module) and not part.use_batch_norm:
        inner = []
        for position, linear in enumerate(part.linear_layers):
            inner += [*network_layers(part.activation, f"{name}.{position}"), *network_layers(linear, name)]
        return (Residual(tuple(inner)),)
    return None


def adapt_nflows(model: Any, context: Any) -> nn.Module:
    """Adapt a flow or a distribution.

    Raises
    ------
    OptionError
        If it is another of nflows' modules.
    UninitialisedError
        If an ActNorm has not seen a batch.
    """
    if not is_of("nflows", "Distribution")(model):
        raise OptionError(f"adapt: {type(model).__name__} of nflows has no density; pass a flow or a distribution")
    require_initialised(model, lambda module: not bool(getattr(module, "initialized", True)))
    for module in model.modules():
        function = vars(module).get("activation")
        if function in ACTIVATION_MODULES:
            del module.activation
            module.activation = ACTIVATION_MODULES[function]()
    return NflowsFlow(model, context) if is_of("nflows", "Flow")(model) else NflowsDistribution(model, context)


ADAPTER = Adapter("nflows", "nflows", 10, is_of("nflows"), adapt_nflows)
