"""Additive couplings of other libraries as the layers that the fast route `adjoint` takes (docs/theory.md, eq. 60).

Libraries split vectors in many ways: masks, halves, index sets, permutations between steps. `CouplingSteps` follows
where each entry is, so that only the entries themselves are moved, once for each coupling.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from jaxtyping import Int
from torch import Tensor, nn

from curvature.errors import RouteError
from curvature.hessian.layered.elementwise import CLOSED_FORMS
from curvature.hessian.layered.flow import LayeredFlow
from curvature.hessian.layered.layers import Activation, AdditiveCoupling, Dense, Layer, NetworkLayer, Permutation

Network = tuple[NetworkLayer, ...]
Special = Callable[[nn.Module, str], Network | None]
"""What a library's own module is made of, given its name; None for any other module."""


def network_layers(module: nn.Module, name: str, special: Special = lambda module, name: None) -> Network:
    """Describe a network of a coupling: linear layers and known activations, in sequence.

    Parameters
    ----------
    module
        The network.
    name
        Its name, for messages and for the names of activations.
    special
        For modules that only one library has.

    Raises
    ------
    RouteError
        If it holds anything else; names the module.
    """
    found = special(module, name)
    if found is not None:
        return found
    if type(module) is nn.Linear:
        return (Dense(module.weight, module.bias),)
    if type(module) in CLOSED_FORMS:
        return (Activation(module, name),)
    if isinstance(module, nn.Sequential):
        return tuple(
            layer for key, part in module.named_children() for layer in network_layers(part, f"{name}.{key}", special)
        )
    if isinstance(module, nn.Identity | nn.Dropout):
        return ()
    raise RouteError(f"{name}: expected linear layers and known activations in sequence, got {type(module).__name__}")


class CouplingSteps:
    """The steps of a flow of vectors, collected one after the other.

    Parameters
    ----------
    dim : int
        Number D of entries of an event.
    """

    def __init__(self, dim: int, device: torch.device | None = None) -> None:
        self.device = device
        self._order = torch.arange(dim, device=device)
        self._layers: list[Layer] = []

    def couple(self, source: Int[Tensor, " S"], target: Int[Tensor, " T"], network: Network, sign: int = 1) -> None:
        """Add the network of the entries `source`, or its negative, to the entries `target`."""
        wanted = torch.cat([source, target])
        index = self._order.argsort()[wanted]
        if not torch.equal(index, torch.arange(len(index), device=index.device)):
            self._layers.append(Permutation(index))
        self._order = wanted
        self._layers.append(AdditiveCoupling(len(source), network if sign > 0 else _negated(network)))

    def permute(self, index: Int[Tensor, " D"]) -> None:
        """Reorder the entries, ``y_i = x_{index_i}``: nothing is moved, only renamed."""
        self._order = index.argsort()[self._order]

    def flow(self) -> LayeredFlow:
        """The flow with a standard normal prior, which does not depend on the order of the latents."""
        return LayeredFlow((len(self._order),), tuple(self._layers), prior_scale=1.0, log_det=0.0)


def _negated(network: Network) -> Network:
    *others, last = network
    if not isinstance(last, Dense):
        raise RouteError(
            f"expected a linear layer at the end of a network that is subtracted, got {type(last).__name__}"
        )
    return (*others, replace(last, weight=-last.weight, bias=None if last.bias is None else -last.bias))


def unknown_step(step: object) -> RouteError:
    """The error for a step of a flow that is no additive coupling of vectors and no permutation."""
    return RouteError(f"expected additive couplings of vectors and permutations, got {type(step).__name__}")
