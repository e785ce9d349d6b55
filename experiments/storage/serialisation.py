"""Dataclasses to nested dictionaries of JSON values and back, typed by the dataclass, and the hash of such values."""

import dataclasses
import difflib
import hashlib
import json
import math
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from curvature.errors import ConfigError

T = TypeVar("T")


def to_plain(value: object, where: str = "value") -> Any:
    """Turn dataclasses, mappings, sequences, paths and scalars into what JSON can hold.

    Raises
    ------
    ConfigError
        If something inside has no JSON form (an array, a function, NaN); `where` and the path to it are in the message.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name), f"{where}.{f.name}") for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item, f"{where}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, Path):
        return str(value)
    if value is None or isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise ConfigError(f"{where}: expected a finite number, text, list, mapping or dataclass, got {value!r:.60}")


def from_plain(cls: type[T], plain: object, where: str | None = None) -> T:
    """Rebuild a dataclass from what `to_plain` made of it; a field left out takes its default.

    Parameters
    ----------
    cls
        The dataclass; its annotations say how each value is read (nested dataclasses, tuples, unions, literals).
    plain
        The nested dictionary.
    where
        What to call this dictionary in messages; the class's name unless given.

    Raises
    ------
    ConfigError
        For an unknown or missing key and for a value of another type, naming the key.
    """
    where = where or cls.__name__
    if not isinstance(plain, Mapping):
        raise ConfigError(f"{where}: expected a mapping of {cls.__name__}'s fields, got {plain!r:.60}")
    fields = {f.name: f for f in dataclasses.fields(cls) if f.init}  # type: ignore[arg-type]
    for key in plain:
        if key not in fields:
            near = difflib.get_close_matches(str(key), fields, n=1)
            raise ConfigError(
                f"{where}: unknown key {key!r}; "
                + (f"did you mean {near[0]!r}?" if near else f"known: {', '.join(fields)}")
            )
    hints = get_type_hints(cls)
    values = {key: _convert(hints[key], item, f"{where}.{key}") for key, item in plain.items()}
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in values:
            raise ConfigError(f"{where}: key {name!r} is missing")
    return cls(**values)


def with_defaults(plain: Mapping[str, Any], like: object) -> Any:
    """Fill in what a plain value kept by an older version leaves out: the defaults of the settings of today.

    Parameters
    ----------
    plain
        The nested dictionary.
    like
        A dataclass of the kind that it was made from, or a mapping of names to dataclasses. What cannot be read as
        such a dataclass is returned as it is.
    """
    if dataclasses.is_dataclass(like) and not isinstance(like, type):
        try:
            return to_plain(from_plain(type(like), plain))
        except ConfigError:
            return plain
    if isinstance(like, Mapping):
        return {key: with_defaults(item, like.get(key)) for key, item in plain.items()}
    return plain


def content_hash(value: object) -> str:
    """Hash a value's plain form: the same for equal contents, whatever the order of the keys (sha256, hexadecimal)."""
    canonical = json.dumps(to_plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


def differences(old: object, new: object, where: str = "") -> list[str]:
    """List the dotted keys in which two plain values differ, each as ``key: old -> new``."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        keys = [*old, *(key for key in new if key not in old)]
        prefix = f"{where}." if where else ""
        return [line for key in keys for line in differences(old.get(key), new.get(key), f"{prefix}{key}")]
    return [] if old == new else [f"{where}: {_short(old)} -> {_short(new)}"]


def _short(value: object) -> str:
    """Show a value in at most 24 characters: enough to recognise a number, a name or the start of a checksum."""
    text = json.dumps(value)
    return text if len(text) <= 24 else text[:20] + "..."


def _convert(hint: Any, value: Any, where: str) -> Any:
    """Read one value as its annotation says."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        return _convert_union(arguments, value, where)
    if origin is Literal:
        return _require(value in arguments, value, where, f"one of {', '.join(map(repr, arguments))}")
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return from_plain(hint, value, where)
    if origin in (tuple, list):
        return _convert_sequence(origin, arguments, value, where)
    if origin is dict or hint is dict:
        _require(isinstance(value, Mapping), value, where, "a mapping")
        item = arguments[1] if arguments else Any
        return {key: _convert(item, entry, f"{where}.{key}") for key, entry in value.items()}
    return _convert_scalar(hint, value, where)


def _convert_scalar(hint: Any, value: Any, where: str) -> Any:
    """Read a scalar; True is no number here, and a whole number may stand for a float."""
    if hint is type(None):
        return _require(value is None, value, where, "null")
    if hint is float:
        return float(
            _require(isinstance(value, (int, float)) and not isinstance(value, bool), value, where, "a number")
        )
    if hint is int:
        return _require(isinstance(value, int) and not isinstance(value, bool), value, where, "a whole number")
    if hint is Path:
        return Path(_require(isinstance(value, str), value, where, "a path"))
    if hint in (bool, str):
        return _require(isinstance(value, hint), value, where, "true or false" if hint is bool else "text")
    raise ConfigError(f"{where}: fields of type {hint} cannot be read from JSON")


def _convert_sequence(origin: type, arguments: tuple[Any, ...], value: Any, where: str) -> Any:
    """Read a list or tuple, item by item."""
    _require(isinstance(value, (list, tuple)), value, where, "a list")
    if origin is tuple and Ellipsis not in arguments:
        _require(len(value) == len(arguments), value, where, f"a list of {len(arguments)}")
        hints = arguments
    else:
        hints = (arguments[0],) * len(value)
    return origin(_convert(h, item, f"{where}[{i}]") for i, (h, item) in enumerate(zip(hints, value, strict=True)))


def _convert_union(arguments: tuple[Any, ...], value: Any, where: str) -> Any:
    """Read a value as the first member of a union that takes it."""
    failures = []
    for hint in arguments:
        try:
            return _convert(hint, value, where)
        except ConfigError as error:
            failures.append(error)
    raise failures[0]


def _require(condition: bool, value: Any, where: str, expected: str) -> Any:
    """Return the value if the condition holds, and name what was expected otherwise."""
    if not condition:
        raise ConfigError(f"{where}: expected {expected}, got {value!r:.60}")
    return value
