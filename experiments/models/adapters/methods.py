"""A method of a module that returns log p, alone or with arguments held fixed by `functools.partial`."""

import functools
import types
from collections.abc import Mapping
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from experiments.models.adapters.adapted import AdaptedModel, no_context
from experiments.models.adapters.adapter import Adapter


class HeldMethod(AdaptedModel):
    """`log p(x | c)` as ``model.method(x, *arguments, **keywords)``.

    Parameters
    ----------
    model : Module
        An independent copy.
    method
        Name of the method.
    arguments, keywords
        What follows x, the same for all samples.
    """

    def __init__(
        self, model: nn.Module, method: str, arguments: tuple[Any, ...] = (), keywords: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(model)
        self.method, self.arguments, self.keywords = method, arguments, dict(keywords or {})

    def log_prob(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Return `log p(x)` in nats."""
        log_p: Tensor = getattr(self.model, self.method)(x, *self.arguments, **self.keywords)
        return log_p


def is_method(model: Any) -> bool:
    """Whether it is a method of a module, or a partial of one."""
    method = model.func if isinstance(model, functools.partial) else model
    return isinstance(method, types.MethodType) and isinstance(method.__self__, nn.Module)


def adapt_method(model: Any, context: Any) -> nn.Module:
    """Adapt a method, or a partial of one.

    Raises
    ------
    OptionError
        If a context was given; a partial holds it.
    """
    no_context(context, model)
    held = model if isinstance(model, functools.partial) else functools.partial(model)
    method: Any = held.func
    return HeldMethod(method.__self__, method.__name__, held.args, held.keywords)


ADAPTER = Adapter("", "", 90, is_method, adapt_method)
