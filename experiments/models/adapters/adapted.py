"""The contract of an adapted model: a module with `log_prob` that converts itself with all it holds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from curvature.errors import OptionError, UninitialisedError
from experiments.models.adapters.plain_tensors import convert_plain_tensors


class AdaptedModel(nn.Module):
    """log p of a model of another library.

    Subclasses give `log_prob`; where the library offers them also ``forward(x) -> (z, log_det)``, `inverse` and
    `sample`. `to` and `double` convert parameters, buffers and the plain tensors that the library's objects keep.

    Parameters
    ----------
    model : Module
        The library's own, an independent copy.
    context : Any
        What it is conditioned on, or None.
    """

    def __init__(self, model: nn.Module, context: Any = None) -> None:
        super().__init__()
        self.model = model
        self.context = context_tensor(context)

    def log_prob(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Return `log p(x)` in nats."""
        raise NotImplementedError

    def log_prob_parts(self, x: Float[Tensor, " B *event"]) -> dict[str, Float[Tensor, " B"]]:
        """Return the prior term and the volume term of `log p(x)` in nats; no parts for a model without latents.

        The prior's own density is not asked for: libraries differ in where they keep it.
        """
        if type(self).forward is nn.Module.forward:
            return {}
        _, log_det = self(x)
        return {"prior": self.log_prob(x) - log_det, "log_det": log_det}

    def contexts(self, count: int) -> Any:
        """Repeat the context for a batch of that many samples; None without a context."""
        return None if self.context is None else self.context.expand(count, *self.context.shape)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "AdaptedModel":
        super()._apply(fn, recurse)
        convert_plain_tensors(self, fn)
        return self


def context_tensor(context: Any) -> Tensor | None:
    """Bring a context, such as a vector or the number of a class, to a tensor that wants no gradient."""
    return None if context is None else torch.as_tensor(context).detach().clone()


def no_context(context: Any, model: Any) -> None:
    """Raise an OptionError if a context was given to a model that takes none."""
    if context is not None:
        raise OptionError(f"adapt: {type(model).__name__} takes no context; leave it out")


def require_initialised(model: nn.Module, is_waiting: Callable[[nn.Module], bool]) -> None:
    """Raise unless no layer waits for its first batch, which would then set its parameters.

    Raises
    ------
    UninitialisedError
        Naming the layer.
    """
    for name, module in model.named_modules():
        if is_waiting(module):
            raise UninitialisedError(
                f"adapt: {type(module).__name__} {name!r} of {type(model).__name__} is not initialised; "
                "pass one batch of training data through the model first, in training mode"
            )


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """Let a library that makes new tensors in torch's default precision make them in this one."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def seeded(generator: torch.Generator | None) -> Iterator[None]:
    """Let a library that draws from torch's global generator draw from this one; None leaves it as it is."""
    if generator is None:
        yield
        return
    seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
