"""Tensors that objects hold as plain attributes, which `Module.to` and `copy.deepcopy` do not handle by themselves.

Distributions and their transforms hold nothing else; modules keep results of their last batch, constants and masks.
"""

import copy
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from torch import Tensor, nn
from torch.distributions import Distribution, Transform

Owner = TypeVar("Owner")
TensorMap = Callable[[Tensor], Tensor]
OWNERS = nn.Module, Distribution, Transform
REGISTERED = ("_parameters", "_buffers")
"""What `Module.to` converts and `copy.deepcopy` copies by itself."""


def independent_copy(owner: Owner) -> Owner:
    """Copy a module or a distribution; tensors that depend on parameters are taken as they are now."""
    memo = {id(tensor): tensor.detach().clone() for tensor in _plain_tensors(owner) if not tensor.is_leaf}
    # The originals must outlive the copying, during which their ids stand for them.
    return copy.deepcopy(owner, {**memo, id(memo): list(_plain_tensors(owner))})


def convert_plain_tensors(owner: Any, convert: TensorMap) -> None:
    """Replace every plain tensor that an object holds, at any depth, by what `convert` makes of it; in place."""
    made: dict[int, tuple[Tensor, Tensor]] = {}

    def converted(value: Any) -> Any:
        if isinstance(value, Tensor) and not isinstance(value, nn.Parameter):
            # One tensor under two names stays one.
            if id(value) not in made:
                made[id(value)] = convert(value), value
            return made[id(value)][0]
        if type(value) in (list, tuple):
            return type(value)(map(converted, value))
        if type(value) is dict:
            return {key: converted(each) for key, each in value.items()}
        return value

    for each in objects_within(owner):
        for name, value in list(vars(each).items()):
            if name not in REGISTERED:
                vars(each)[name] = converted(value)


def objects_within(owner: Any) -> list[Any]:
    """The object and all modules, distributions and transforms that it holds, at any depth."""
    found: dict[int, Any] = {}

    def enter(value: Any) -> None:
        if isinstance(value, OWNERS) and id(value) not in found:
            found[id(value)] = value
            for each in vars(value).values():
                enter(each)
        elif isinstance(value, list | tuple):
            for each in value:
                enter(each)
        elif isinstance(value, dict):
            for each in value.values():
                enter(each)

    enter(owner)
    return list(found.values())


def _plain_tensors(owner: Any) -> Iterator[Tensor]:
    def tensors(value: Any) -> Iterator[Tensor]:
        if isinstance(value, Tensor) and not isinstance(value, nn.Parameter):
            yield value
        elif isinstance(value, list | tuple):
            for each in value:
                yield from tensors(each)
        elif isinstance(value, dict):
            for each in value.values():
                yield from tensors(each)

    for each in objects_within(owner):
        for name, value in vars(each).items():
            if name not in REGISTERED:
                yield from tensors(value)
