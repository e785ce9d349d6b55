"""Adapt a model of any library that has an adapter here."""

from functools import cache
from typing import Any

from torch import nn

from curvature.discovery import discover
from curvature.errors import OptionError
from experiments.models.adapters.adapter import Adapter
from experiments.models.adapters.flattened import FlattenedModel
from experiments.models.adapters.plain_tensors import independent_copy

PACKAGE = "experiments.models.adapters"


@cache
def adapters() -> tuple[Adapter, ...]:
    """Every adapter, those to be asked first in front."""
    found: list[Adapter] = discover(PACKAGE, "ADAPTER")
    return tuple(sorted(found, key=lambda adapter: adapter.order))


def adapt(model: Any, context: Any = None, event_shape: tuple[int, ...] | None = None) -> nn.Module:
    """Return a model of another library as a module that `curvature.expand` and `curvature.curvature_ladder` take.

    The module holds an independent copy in evaluation mode, so train first and adapt afterwards. It has `log_prob`, and
    where the library offers them ``forward(x) -> (z, log_det)``, `inverse(z)` and `sample(n, generator)`.

    Parameters
    ----------
    model
        A flow or mixture of zuko (not what calling it returns), a flow of normflows, nflows or FrEIA, an object of
        `torch.distributions` or pyro, any module with a method `log_prob`, or a module's method that returns log p,
        with its other arguments held fixed by `functools.partial` if it has some.
    context
        What a conditional model is conditioned on, the same for all samples: one context without a batch dimension
        (a tensor, or the number of a class), or for FrEIA a list of them.
    event_shape
        Shape of the events ``[C, H, W]`` that a model of vectors shall take: they are flattened for it.

    Returns
    -------
    Module
        Its parameters want no gradient.

    Raises
    ------
    OptionError
        If there is no adapter for the model, or it lacks a context or takes none.
    UninitialisedError
        If a layer waits for its first batch to initialise itself.
    """
    adapter = _adapter_of(model)
    if adapter is None:
        raise OptionError(
            f"adapt: expected a module or a distribution, got {_described(model)}; "
            "a function of x needs no adapting: pass it to expand itself"
        )
    own = independent_copy(model)
    adapted = adapter.adapt(own.eval() if isinstance(own, nn.Module) else own, context)
    adapted = adapted.eval().requires_grad_(False)
    return adapted if event_shape is None else FlattenedModel(adapted, event_shape)


def is_adaptable(model: Any) -> bool:
    """Whether there is an adapter for a model; a function of x, for one, needs none."""
    return _adapter_of(model) is not None


def _adapter_of(model: Any) -> Adapter | None:
    return next((adapter for adapter in adapters() if adapter.applies(model)), None)


def _described(model: Any) -> str:
    return f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
