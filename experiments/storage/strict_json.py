"""JSON as this toolkit writes it: finite numbers, and no deeper than any record of ours. Everything else is damage."""

import json
import math
from pathlib import Path
from typing import Any, NoReturn

from experiments.storage.plain_file import read_text

DEEPEST = 32
"""Levels of lists and objects inside each other; our own records have fewer than ten."""


def parse_json(text: str) -> Any:
    """Parse JSON.

    Raises
    ------
    ValueError
        If it is no JSON, holds NaN or an infinite number, or is nested more than `DEEPEST` levels deep.
    """
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise _too_deep() from None
    _require_shallow(value)
    return value


def read_json(path: Path) -> Any:
    """Parse a JSON file.

    Raises
    ------
    OSError
        If it cannot be read or is no plain file.
    ValueError
        As `parse_json`, or if it is no text.
    """
    return parse_json(read_text(path))


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no finite number")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _require_shallow(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [item for each in level if isinstance(each, (list, dict)) for item in _items(each)]
        if not level:
            return
    raise _too_deep()


def _items(container: list[Any] | dict[str, Any]) -> list[Any]:
    return list(container.values()) if isinstance(container, dict) else container


def _too_deep() -> ValueError:
    return ValueError(f"it is nested more than {DEEPEST} levels deep")
