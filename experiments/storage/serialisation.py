"""Dataclasses to nested dictionaries of JSON values and back, typed by the dataclass, and the hash of such values."""

import dataclasses
import difflib
import hashlib
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from cattrs.errors import BaseValidationError, ForbiddenExtraKeysError
from cattrs.v import transform_error

from curvature.errors import ConfigError, ToolkitError
from experiments.storage.strict_converter import strict_converter

T = TypeVar("T")

UNKNOWN_KEY = "unknown key"


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
        For an unknown or missing key, for a value of another type, and for one that the dataclass itself refuses; says
        where.
    """
    try:
        return _CONVERTER.structure(plain, cls)
    except (BaseValidationError, ValueError, ToolkitError) as error:
        told = transform_error(error, where or cls.__name__, _tell)
        # A misspelt key is reported twice, as unknown and as missing: the first tells more.
        message, _, place = min(told, key=lambda line: not line.startswith(UNKNOWN_KEY)).rpartition(" @ ")
        raise ConfigError(f"{place}: {message}") from error


def read_by_kind(base: type, class_of: Callable[[Mapping[str, Any]], type]) -> None:
    """From now on, read what is declared as `base` as the dataclass that `class_of` picks from its plain form."""

    def read(plain: Any, _: Any) -> Any:
        if not isinstance(plain, Mapping):
            raise ValueError(f"expected a mapping of {base.__name__}'s fields, got {plain!r:.60}")
        return _CONVERTER.structure(plain, class_of(plain))

    _CONVERTER.register_structure_hook_func(lambda hint: hint is base, read)


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


def _tell(error: BaseException, _: type | None) -> str:
    """Word one of cattrs' errors."""
    if isinstance(error, KeyError):
        return f"key {error.args[0]!r} is missing"
    if isinstance(error, ForbiddenExtraKeysError):
        known = [field.name for field in dataclasses.fields(error.cl) if field.init]
        key = min(error.extra_fields)
        near = difflib.get_close_matches(key, known, n=1)
        return f"{UNKNOWN_KEY} {key!r}; " + (f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}")
    return str(error)


_CONVERTER = strict_converter()
