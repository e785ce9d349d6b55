"""The ranges of numeric settings, and the checks of settings, worded alike for every configuration. No torch here.

A range is declared once, in the field's type, ``steps: Annotated[int, Range(1, 10**9)]``. The help text of the command
line, the check of an option and the check of a configuration file are made from it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from curvature.errors import ConfigError


@dataclass(frozen=True)
class Range:
    """Numbers that a setting may take."""

    low: float
    """The smallest."""
    high: float
    """The largest."""
    without_low: bool = False
    """Leave out the smallest itself."""
    without_high: bool = False
    """Leave out the largest itself."""

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        above = self.low < value if self.without_low else self.low <= value
        below = value < self.high if self.without_high else value <= self.high
        return above and below

    def __str__(self) -> str:
        low = f"above {_shown(self.low)} up" if self.without_low else f"from {_shown(self.low)}"
        return f"{low} to {'below ' if self.without_high else ''}{_shown(self.high)}"


# The noise of a comparison has the seed after the given one, which must be a signed 64-bit number, too.
Seed = Annotated[int, Range(0, 2**63 - 2)]
ImageCount = Annotated[int, Range(2, 10**9)]
"""Images of a set; a standard error needs two."""
NodeCount = Annotated[int, Range(1, 64)]
"""Nodes of a quadrature rule: many times more than a smooth log p needs."""
PointCount = Annotated[int, Range(0, 10**6)]
"""Points that a Hessian is averaged over; 0 for none."""
PatchSize = Annotated[int, Range(1, 256)]
"""Height and width of embedded images, in pixels."""
StepCount = Annotated[int, Range(1, 10**9)]
"""Steps of training."""
ProcessCount = Annotated[int, Range(1, 1024)]
"""Processes of one machine."""


def annotations_in(hint: Any) -> Iterator[tuple[Any, Any]]:
    """Yield (kind, annotation) for every ``Annotated[kind, annotation]`` in a type, also in its unions and tuples."""
    if get_origin(hint) is Annotated:
        kind, *annotations = get_args(hint)
        yield from ((kind, annotation) for annotation in annotations)
        yield from annotations_in(kind)
        return
    for part in get_args(hint):
        yield from annotations_in(part)


def expected_number(kind: type, allowed: Range) -> str:
    """What a setting of this type and range takes, in words, for messages."""
    return f"a {'whole number' if kind is int else 'number'} {allowed}"


@dataclass(frozen=True)
class DeclaredRange:
    """What a field declares of its numbers; of a tuple, of each of them."""

    kind: type
    """int or float."""
    allowed: Range
    is_optional: bool
    """Whether None is allowed, too."""

    def takes(self, value: object) -> bool:
        """Whether a number is of this type and in this range."""
        if value is None:
            return self.is_optional
        return value in self.allowed and (self.kind is float or isinstance(value, int))


@cache
def declared_ranges(cls: Any) -> Mapping[str, DeclaredRange]:
    """The declared ranges of a dataclass by the names of its fields."""
    hints = get_type_hints(cls, include_extras=True)
    found = {
        field.name: DeclaredRange(kind, annotation, type(None) in get_args(hints[field.name]))
        for field in fields(cls)
        for kind, annotation in annotations_in(hints[field.name])
        if isinstance(annotation, Range)
    }
    return MappingProxyType(found)


def require_ranges(config: object, what: str) -> None:
    """Refuse every setting that lies outside its declared range.

    Parameters
    ----------
    config
        The settings, a dataclass.
    what
        What they are settings of, such as ``training``.

    Raises
    ------
    ConfigError
        If a number lies outside its range, or is none.
    """
    cls: Any = type(config)
    for name, declared in declared_ranges(cls).items():
        value = getattr(config, name)
        for each in value if isinstance(value, tuple | list) else (value,):
            if not declared.takes(each):
                expected = expected_number(declared.kind, declared.allowed)
                raise ConfigError(f"{what} setting {name}: expected {expected}, got {each!r:.40}")


def require_setting(config: object, what: str, name: str, condition: bool, expected: str) -> None:
    """Refuse a setting unless the condition holds.

    Parameters
    ----------
    config
        The settings.
    what
        What they are settings of, such as ``training``.
    name
        The name of the one in question.
    condition
        Whether it is good.
    expected
        What would be good, for the message.

    Raises
    ------
    ConfigError
        If it does not hold.
    """
    if not condition:
        raise ConfigError(f"{what} setting {name}: expected {expected}, got {getattr(config, name)!r}")


def _shown(number: float) -> str:
    """A bound as people read it: 1,024, 10^9 or 2^63 - 2, and 0.001 for fractions."""
    if isinstance(number, int):
        power = number.bit_length()
        below = 2**power - number
        if number >= 10**6 and number == 10 ** (len(str(number)) - 1):
            return f"10^{len(str(number)) - 1}"
        return f"2^{power} - {below}" if power > 40 and below < 10 else f"{number:,}"
    return f"{number:g}"
