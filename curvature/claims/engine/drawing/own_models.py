"""A user's own densities as models of claims: in float64, with the shape of their events, with a repr that is code."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import nn

from curvature.claims.engine.drawing.cases import Density
from curvature.claims.engine.drawing.given_density import GivenDensity
from curvature.claims.engine.drawing.toy_flow import ToyFlow
from curvature.errors import OptionError
from curvature.precision import LogDensity


@dataclass(frozen=True, eq=False, repr=False)
class OwnModel:
    """A density of the user's as claims see it.

    Attributes
    ----------
    given
        What the user's strategy drew.
    log_prob
        Its log p in float64: of a frozen copy if it is a module.
    event_shape
        Shape of one event.
    """

    given: Any
    log_prob: LogDensity
    event_shape: tuple[int, ...]

    @property
    def imported(self) -> str:
        """The line that imports what the repr calls, or a comment that says why there is none."""
        if isinstance(self.given, Made):
            return _import(self.given.make)
        kind = type(self.given)
        if isinstance(self.given, Density) or kind.__repr__ in {object.__repr__, nn.Module.__repr__}:
            return "# The model's repr is no code: draw it by curvature.claims.strategies.densities for one that is."
        return _import(kind)

    def __repr__(self) -> str:
        return f"own_model({self.given!r})"


@dataclass(frozen=True, eq=False, repr=False)
class Made:
    """A density made by a function of plain arguments, which its repr calls.

    Attributes
    ----------
    make
        The function.
    arguments
        By name.
    model
        What it returned.
    event_shape
        Shape of one event; that of the model if left out.
    """

    make: Callable[..., Any]
    arguments: dict[str, Any]
    model: Any
    event_shape: tuple[int, ...] | None = None

    @classmethod
    def by(cls, make: Callable[..., Any], event_shape: tuple[int, ...] | None = None, **arguments: Any) -> "Made":
        """Call the function."""
        model = make(**arguments)
        return cls(make, arguments, model, event_shape or getattr(model, "event_shape", None))

    @property
    def log_prob(self) -> Any:
        """That of the model, or the model itself if it is a function of x."""
        return getattr(self.model, "log_prob", self.model)

    def __repr__(self) -> str:
        shape = {} if self.event_shape is None else {"event_shape": self.event_shape}
        words = [self.make.__name__, *(f"{name}={value!r}" for name, value in {**shape, **self.arguments}.items())]
        return f"Made.by({', '.join(words)})"


def densities(
    make: Callable[..., Any],
    *,
    event_shape: tuple[int, ...] | None = None,
    **arguments: SearchStrategy[Any],
) -> SearchStrategy[Made]:
    """Your own densities, made by a function of arguments that Hypothesis draws.

    Counterexamples are then programs that import the function and call it.

    Parameters
    ----------
    make
        Returns a module with `log_prob`, another object with it, or a function ``[B, *event] -> [B]`` in nats.
    event_shape
        Shape of one event; needed unless what `make` returns has an attribute of that name.
    arguments
        Strategies of its arguments, whose values have a repr that is Python code.

    Raises
    ------
    OptionError
        If `make` cannot be called with these arguments.
    """
    try:
        inspect.signature(make).bind(**arguments)
    except TypeError as error:
        raise OptionError(f"densities: {getattr(make, '__name__', make)}: {error}") from error
    return st.builds(lambda **drawn: Made.by(make, event_shape, **drawn), **arguments)


def _import(made: Callable[..., Any]) -> str:
    """The line that imports a function or class, or a comment where it cannot be imported."""
    module, name = made.__module__, made.__qualname__
    if module == "__main__" or not name.isidentifier():
        return f"# {made.__name__}: as where the strategy was made"
    return f"from {module} import {name}"


def own_model(given: Any) -> ToyFlow | OwnModel | GivenDensity:
    """What claims see of a model that the user's strategy drew.

    Raises
    ------
    OptionError
        If it has no log_prob, or does not say the shape of its events.
    """
    if isinstance(given, ToyFlow | GivenDensity):
        return given
    log_prob = given if isinstance(given, nn.Module) else getattr(given, "log_prob", None)
    shape = getattr(given, "event_shape", None)
    if log_prob is None or shape is None:
        missing = "log_prob" if log_prob is None else "event_shape"
        raise OptionError(
            f"models: {type(given).__name__} has no {missing}; draw Density(log_prob, event_shape), "
            "use strategies.densities(make, event_shape=...), or given_density(flow, x) for one model"
        )
    return OwnModel(given, LogDensity.of(log_prob), tuple(shape))
