"""How tyro reads options whose types declare a range or a check of paths: check and help text come from there."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from tyro.constructors import ConstructorRegistry, PrimitiveConstructorSpec, StructConstructorSpec, StructTypeInfo

from experiments.command_line.paths import PathCheck
from experiments.settings import Range, annotations_in, expected_number

Check = Range | PathCheck


def checked_options() -> ConstructorRegistry:
    """Make tyro's rules for dataclasses whose fields declare a `Range` or a `PathCheck`."""
    registry, inside = ConstructorRegistry(), [False]

    @registry.struct_rule
    def checked(info: StructTypeInfo) -> StructConstructorSpec | None:
        if inside[0] or not dataclasses.is_dataclass(info.type):
            return None
        inside[0] = True  # ask for tyro's own rule
        try:
            found = ConstructorRegistry.get_struct_spec(info)
        finally:
            inside[0] = False
        if not isinstance(found, StructConstructorSpec):
            return None
        fields = (
            dataclasses.replace(field, type=_with_specs(field.type), helptext=_with_ranges(field.helptext, field.type))
            for field in found.fields
        )
        return dataclasses.replace(found, fields=tuple(fields))

    return registry


def checks_in(hint: Any) -> Iterator[tuple[Any, Check]]:
    """Yield every range and check of paths that a type declares, with the type that it is declared for."""
    for kind, annotation in annotations_in(hint):
        if isinstance(annotation, Check):
            yield kind, annotation


def _with_specs(hint: Any) -> Any:
    """The type with tyro's own kind of annotation in the place of ours."""
    if not any(checks_in(hint)):
        return hint
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        kind, *annotations = parts
        return Annotated[(_with_specs(kind), *(_spec(kind, each) for each in annotations))]
    if origin in (Union, UnionType):
        ((kind, check),) = checks_in(hint)  # nothing but `X | None` declares one
        return Annotated[(kind | None, _or_none(_spec(kind, check)))]
    ((kind, check), *others) = checks_in(hint)  # a tuple of numbers of one kind
    return Annotated[hint, _all_of(_spec(kind, check), "*" if Ellipsis in parts else 1 + len(others))]


def _spec(kind: Any, annotation: Any) -> Any:
    """What reads the text of an option; any other annotation as it is."""
    if not isinstance(annotation, Check):
        return annotation
    return PrimitiveConstructorSpec(
        nargs=1,
        metavar=kind.__name__.upper() if isinstance(annotation, Range) else "PATH" if kind is Path else "NAME|PATH",
        instance_from_str=lambda words: _read(kind, annotation, words[0]),
        is_instance=lambda value: isinstance(value, (int, float) if kind is float else kind),
        str_from_instance=lambda value: [str(value)],
    )


def _or_none(spec: PrimitiveConstructorSpec[Any]) -> PrimitiveConstructorSpec[Any]:
    """The same for options that may be None."""

    def read(words: list[str]) -> Any:
        if words == ["None"]:
            return None
        return spec.instance_from_str(words)

    return dataclasses.replace(
        spec,
        metavar=f"{spec.metavar}|None",
        instance_from_str=read,
        is_instance=lambda value: value is None or spec.is_instance(value),
    )


def _all_of(spec: PrimitiveConstructorSpec[Any], count: int | Literal["*"]) -> PrimitiveConstructorSpec[Any]:
    """The same for a tuple of so many."""
    return dataclasses.replace(
        spec,
        nargs=count,
        metavar=f"[{spec.metavar} ...]" if count == "*" else " ".join([spec.metavar] * count),
        instance_from_str=lambda words: tuple(spec.instance_from_str([word]) for word in words),
        is_instance=lambda value: isinstance(value, tuple) and all(map(spec.is_instance, value)),
        str_from_instance=lambda value: [text for each in value for text in spec.str_from_instance(each)],
    )


def _read(kind: Any, check: Check, text: str) -> Any:
    """Read and check one value; a ValueError says what was expected."""
    if isinstance(check, PathCheck):
        return kind(check.read(text))
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value not in check:
        raise ValueError(f"expected {expected_number(kind, check)}, got {text!r:.40}")
    return value


def _with_ranges(helptext: str | Callable[[], str | None] | None, hint: Any) -> str | Callable[[], str | None] | None:
    """The help of an option with its range at the end."""
    ranges = dict.fromkeys(str(check) for _, check in checks_in(hint) if isinstance(check, Range))
    if not ranges:
        return helptext

    def text() -> str:
        words = helptext() if callable(helptext) else helptext
        return f"{words or ''} Range: {', '.join(ranges)}.".strip()

    return text
