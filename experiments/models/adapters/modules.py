"""Any module with a method `log_prob`: what has no adapter of its own."""

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from curvature.errors import OptionError
from experiments.models.adapters.adapted import AdaptedModel
from experiments.models.adapters.adapter import Adapter


class ConditionedModule(AdaptedModel):
    """`log p(x | c)` of a module with ``log_prob(x, c)``, at a fixed context c."""

    def log_prob(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Return `log p(x)` in nats."""
        log_p: Tensor = self.model.log_prob(x, self.contexts(len(x)))  # type: ignore[operator]
        return log_p


def adapt_module(model: Any, context: Any) -> nn.Module:
    """Take a module with `log_prob` as it is, or fix the second argument of its `log_prob`.

    Raises
    ------
    OptionError
        If it has no such method; names the part that has one.
    """
    if callable(getattr(model, "log_prob", None)):
        return model if context is None else ConditionedModule(model, context)
    parts = [f"model.{name}" for name, part in model.named_modules() if callable(getattr(part, "log_prob", None))]
    advice = f"pass {parts[0]}" if parts else "give it a method log_prob(x) -> [B] in nats"
    raise OptionError(f"adapt: {type(model).__name__} has no method log_prob, and no adapter is made for it; {advice}")


ADAPTER = Adapter("", "", 100, lambda model: isinstance(model, nn.Module), adapt_module)
