"""What transforms and sets that need a model may use of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float
from torch import Tensor

from curvature.errors import OptionError

Events = Float[Tensor, "count *event"]


@dataclass(frozen=True)
class EventSetting:
    """A model, and the mean of its training images.

    Attributes
    ----------
    model
        In double precision; its `forward`, `inverse` and `sample` are used where a transform needs them.
    training_mean
        Computes the mean of the events of the training images.
    """

    model: Any
    training_mean: Callable[[], Float[Tensor, "*event"]]

    def require(self, method: str, what: str) -> Callable[..., Any]:
        """Return a method of the model.

        Raises
        ------
        OptionError
            If it has none.
        """
        found: Callable[..., Any] | None = getattr(self.model, method, None)
        if found is None:
            raise OptionError(f"{what}: {type(self.model).__name__} has no method {method}; only a flow will do")
        return found
