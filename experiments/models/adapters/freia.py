"""Invertible networks of FrEIA: bijections without a prior, which is the standard normal here.

References
----------
L. Ardizzone et al., "Framework for Easily Invertible Architectures (FrEIA)", 2018-2022,
https://github.com/vislearn/FrEIA.
"""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from curvature.errors import OptionError
from curvature.hessian.layered.flow import LayeredFlow
from experiments.models.adapters.adapted import AdaptedModel, context_tensor, require_initialised, seeded
from experiments.models.adapters.adapter import Adapter, is_of
from experiments.models.adapters.described import CouplingSteps, network_layers, unknown_step


class FreiaNetwork(AdaptedModel):
    """`log p(x) = log N(f(x); 0, I) + log|det df/dx|` for a network f with one input and any number of outputs.

    Parameters
    ----------
    model : Module
        A `GraphINN` or a `SequenceINN`.
    context : Any
        One condition, or a list of as many as the network takes; each without a batch dimension.
    """

    prior_scale = 1.0

    def __init__(self, model: nn.Module, context: Any = None) -> None:
        super().__init__(_with_constants_as_buffers(model))
        given = [] if context is None else context if isinstance(context, list | tuple) else [context]
        self.conditions: Any = [context_tensor(each) for each in given]
        self.is_sequence = is_of("FrEIA", "SequenceINN")(model)

    @property
    def output_shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the outputs, without the batch."""
        network: Any = self.model
        shapes = [network.shapes[-1]] if self.is_sequence else network.global_out_shapes
        return [tuple(shape) for shape in shapes]

    def forward(self, x: Float[Tensor, " B *event"]) -> tuple[Float[Tensor, "B D"], Float[Tensor, " B"]]:
        """Return the latents, those of all outputs flattened, and `log|det df/dx|` in nats."""
        outputs, log_det = self.model(x, c=self._conditions(len(x)))
        parts = [outputs] if isinstance(outputs, Tensor) else outputs
        # A sequence of layers that keep volume adds up numbers, no tensors.
        log_det = torch.as_tensor(log_det, dtype=x.dtype, device=x.device).expand(len(x))
        return torch.cat([part.flatten(1) for part in parts], 1), log_det

    def inverse(self, z: Float[Tensor, "B D"]) -> Float[Tensor, " B *event"]:
        """Return `x = f^{-1}(z)`."""
        parts = z.split([math.prod(shape) for shape in self.output_shapes], 1)
        shaped = [part.reshape(len(z), *shape) for part, shape in zip(parts, self.output_shapes, strict=True)]
        x, _ = self.model(shaped, c=self._conditions(len(z)), rev=True)
        return x if isinstance(x, Tensor) else x[0]

    def curvature_layers(self) -> LayeredFlow:
        """Describe the layers of a sequence of NICE blocks on vectors.

        Raises
        ------
        RouteError
            If it is another network, or has conditions.
        """
        if not self.is_sequence or self.conditions or len(self.output_shapes[0]) != 1:
            raise unknown_step(self.model)
        collected = CouplingSteps(self.output_shapes[0][0], next(self.parameters()).device)
        for step in self.model.module_list:  # type: ignore[union-attr]
            if is_of("FrEIA", "NICECouplingBlock")(step):
                entries = torch.arange(step.channels, device=collected.device)
                first, second = entries.split([step.split_len1, step.split_len2])
                collected.couple(second, first, network_layers(step.F, "F"))
                collected.couple(first, second, network_layers(step.G, "G"))
            elif is_of("FrEIA", "PermuteRandom")(step):
                collected.permute(step.perm)
            else:
                raise unknown_step(step)
        return collected.flow()

    def log_prob(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Return `log p(x)` in nats."""
        z, log_det = self(x)
        return log_det - 0.5 * z.square().sum(1) - 0.5 * z.shape[1] * math.log(2 * math.pi)

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator | None = None) -> Float[Tensor, " n *event"]:
        """Draw n events."""
        dim = sum(math.prod(shape) for shape in self.output_shapes)
        like = next(self.model.parameters())
        with seeded(generator):
            return self.inverse(torch.randn(n, dim, dtype=like.dtype, device=like.device))

    def _conditions(self, count: int) -> list[Tensor] | None:
        return [each.expand(count, *each.shape) for each in self.conditions] or None


def adapt_freia(model: Any, context: Any) -> nn.Module:
    """Adapt a network.

    Raises
    ------
    OptionError
        If it is a single module of FrEIA, has several inputs, or takes another number of conditions.
    UninitialisedError
        If an ActNorm has not seen a batch.
    """
    if not is_of("FrEIA", "GraphINN", "SequenceINN")(model):
        raise OptionError(
            f"adapt: {type(model).__name__} of FrEIA is a single layer; put it into a SequenceINN or a GraphINN"
        )
    require_initialised(model, lambda module: bool(getattr(module, "init_on_next_batch", False)))
    adapted = FreiaNetwork(model, context)
    used = {c for c in model.conditions if c is not None} if adapted.is_sequence else model.condition_nodes
    if len(used) != len(adapted.conditions):
        raise OptionError(
            f"adapt: {type(model).__name__} takes {len(used)} conditions, got {len(adapted.conditions)}; "
            "pass adapt(network, context=[c, ...]), each without a batch dimension"
        )
    if not adapted.is_sequence and len(model.in_nodes) != 1:
        raise OptionError(f"adapt: {type(model).__name__} has {len(model.in_nodes)} inputs; a density takes one")
    return adapted


def _with_constants_as_buffers(model: nn.Module) -> nn.Module:
    """Register as buffers what FrEIA keeps as parameters without gradient: permutations and rotations; in place.

    Whoever changes parameters at random, as `curvature.check_flow` does, must leave a rotation orthogonal.
    """
    for module in filter(is_of("FrEIA"), model.modules()):
        for name, parameter in list(module.named_parameters(recurse=False)):
            if not parameter.requires_grad:
                delattr(module, name)
                module.register_buffer(name, parameter.data)
    return model


ADAPTER = Adapter("FrEIA", "freia", 10, is_of("FrEIA"), adapt_freia)
