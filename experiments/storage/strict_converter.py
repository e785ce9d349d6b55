"""A cattrs converter that converts nothing silently: by itself cattrs makes a number of "3" and a list of any text."""

from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from cattrs import Converter
from cattrs.gen import make_dict_structure_fn

# What each annotation is called in messages, and which kinds of JSON values it takes.
SCALARS: dict[type, tuple[str, type | tuple[type, ...]]] = {
    bool: ("true or false", bool),
    int: ("a whole number", int),
    float: ("a number", (int, float)),
    str: ("text", str),
    Path: ("a path", str),
}


def strict_converter() -> Converter:
    """Make a converter for dataclasses whose fields are scalars, literals, tuples and dataclasses, or None.

    A value that it refuses raises a ValueError that says what was expected; cattrs' own errors around it say where.
    """
    converter = Converter(forbid_extra_keys=True)
    read_tuple = converter.get_structure_hook(tuple[int, ...])  # cattrs' own hook reads tuples of all kinds
    for kind, (expected, accepted) in SCALARS.items():
        converter.register_structure_hook(kind, _only(expected, accepted, lambda value, hint: hint(value)))
    converter.register_structure_hook_func(lambda hint: get_origin(hint) is Literal, _read_literal)
    converter.register_structure_hook_func(
        lambda hint: get_origin(hint) is tuple, _only("a list", (list, tuple), read_tuple)
    )
    converter.register_structure_hook_factory(
        is_dataclass,
        lambda cls: _only(f"a mapping of {cls.__name__}'s fields", Mapping, make_dict_structure_fn(cls, converter)),
    )
    return converter


def _only(expected: str, accepted: type | tuple[type, ...], read: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Read only values of the accepted kinds; True is no number here."""

    def hook(value: Any, hint: Any) -> Any:
        if not isinstance(value, accepted) or (isinstance(value, bool) and accepted is not bool):
            raise ValueError(f"expected {expected}, got {value!r:.60}")
        return read(value, hint)

    return hook


def _read_literal(value: Any, hint: Any) -> Any:
    if value not in get_args(hint):
        raise ValueError(f"expected one of {', '.join(map(repr, get_args(hint)))}, got {value!r:.60}")
    return value
