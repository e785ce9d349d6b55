"""Input sets named `SET[/SPLIT][:TRANSFORM[=VALUE]]...`: the paper's original, grayed and constant inputs, and noise.

Transforms are the files of `analysis.transforms` and are applied from left to right. Synthetic sets such as
`constant=128` are the files of `analysis.synthetic_sets`. Both yield 8-bit images, which are dequantised afterwards, so
that their bits per dimension mean the same as those of any other image (docs/theory.md, section "Inputs").

Some inputs need the model: its own samples (`analysis.event_sets`), and transforms of what it takes, which come after
dequantisation and last in a name (`analysis.event_transforms`).

A set may be a file of one's own, `FILE.npy`, `FILE.npz` or `FILE.npz:KEY`; it has no splits.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch

from analysis.dequantization import require_pixels
from analysis.event_sets.event_set import EventSet
from analysis.event_setting import Events, EventSetting
from analysis.event_transforms.event_transform import EventTransform
from analysis.synthetic_sets.synthetic_set import SyntheticSet
from analysis.transforms.transform import Images, Transform, Value
from curvature.discovery import discover
from curvature.errors import OptionError, PixelRangeError, ShapeError, UnknownNameError

_NAME = re.compile(r"(?P<set>\w+)(/(?P<split>\w+))?(?P<transforms>(:\w+(=[^=:/]+)?)*)")
_FILE = re.compile(r"(?P<set>[^:]+\.np[yz])(?P<parts>(:[^:=]+(=[^=:/]+)?)*)")
_SYNTHETIC = re.compile(r"(?P<set>\w+)=(?P<value>[^=:/]+)")


@lru_cache
def transforms() -> dict[str, Transform]:
    """All transforms by name."""
    return {found.name: found for found in discover("analysis.transforms", "TRANSFORM")}


@lru_cache
def event_transforms() -> dict[str, EventTransform]:
    """All transforms of events by name."""
    return {found.name: found for found in discover("analysis.event_transforms", "TRANSFORM")}


@lru_cache
def event_sets() -> dict[str, EventSet]:
    """All sets that a model makes, by name."""
    return {found.name: found for found in discover("analysis.event_sets", "EVENT_SET")}


@lru_cache
def synthetic_sets() -> dict[str, SyntheticSet]:
    """All synthetic sets by name."""
    return {found.name: found for found in discover("analysis.synthetic_sets", "SYNTHETIC_SET")}


def generated_sets() -> dict[str, SyntheticSet | EventSet]:
    """All sets that are made here rather than read from files, by name."""
    return {**synthetic_sets(), **event_sets()}


@dataclass(frozen=True)
class NamedTransform:
    """A transform in the name of an input set, and its value."""

    name: str
    value: Value = None

    def __str__(self) -> str:
        return self.name + _written(self.value)


@dataclass(frozen=True)
class InputSet:
    """What to evaluate a model on.

    Attributes
    ----------
    set_name
        A data set's name, that of a synthetic set, or a file of arrays.
    split
        The data set's split; empty for a synthetic set and a file.
    transforms
        What is done to the images, first to last.
    value
        The value of a synthetic set; None for a data set.
    """

    set_name: str
    split: str = ""
    transforms: tuple[NamedTransform, ...] = ()
    value: Value = None

    @property
    def is_generated(self) -> bool:
        """Whether the images are made here rather than read from a data set."""
        return self.set_name in generated_sets()

    @property
    def needs_model(self) -> bool:
        """Whether a model makes the events or changes them."""
        return self.set_name in event_sets() or any(each.name in event_transforms() for each in self.transforms)

    def __str__(self) -> str:
        if self.is_generated:
            return self.set_name + _written(self.value)
        split = f"/{self.split}" if self.split else ""
        return ":".join([self.set_name + split, *map(str, self.transforms)])


def parse_input_set(name: str, default_split: str = "test") -> InputSet:
    """Read a name such as `svhn`, `cifar10/test`, `cifar10:contrast=0.5`, `constant=128` or `noise=uniform`.

    Raises
    ------
    UnknownNameError
        If the name does not have that form or names no known transform.
    PixelRangeError
        If a value is out of range, such as a constant outside 0..255.
    """
    if (match := _SYNTHETIC.fullmatch(name)) and match["set"] in generated_sets():
        made = generated_sets()[match["set"]]
        return InputSet(made.name, value=_value(name, made.read, match["value"]))
    if file := _FILE.fullmatch(name):
        return _parse_file(name, file["set"], file["parts"].split(":")[1:])
    match = _NAME.fullmatch(name)
    if match is None or match["set"] in generated_sets():
        raise UnknownNameError(f"input set '{name}': expected {syntax()}")
    parts = match["transforms"].split(":")[1:]
    return InputSet(match["set"], match["split"] or default_split, _transforms(name, parts))


def _parse_file(name: str, file: str, parts: list[str]) -> InputSet:
    """Read a file's name: after `FILE.npz` comes a key, unless what follows is a transform."""
    if file.endswith(".npz") and parts and "=" not in parts[0] and parts[0] not in all_transforms():
        file = f"{file}:{parts.pop(0)}"
    return InputSet(file, transforms=_transforms(name, parts))


def all_transforms() -> dict[str, Transform | EventTransform]:
    """All transforms by name, those of pixels first."""
    return {**transforms(), **event_transforms()}


def syntax() -> str:
    """Forms that a name can have, for people."""
    known, synthetic = (
        [each.name + (f"={each.placeholder}" if each.placeholder else "") for each in found.values()]
        for found in (all_transforms(), generated_sets())
    )
    return (
        f"SET[/SPLIT][:TRANSFORM]... with the transforms {', '.join(known)}, where SET may be FILE.npz[:KEY]; "
        f"or {' or '.join(synthetic)}"
    )


def generate(inputs: InputSet, count: int, event_shape: tuple[int, int, int], generator: torch.Generator) -> Images:
    """Make the images of a synthetic set."""
    return synthetic_sets()[inputs.set_name].make(inputs.value, (count, *event_shape), generator)


def apply_transform(inputs: InputSet, images: Images) -> Images:
    """Apply the input set's transforms, first to last; without any, return the images themselves."""
    for each in inputs.transforms:
        if each.name in transforms():
            images = transforms()[each.name].apply(images, each.value)
    return images


def make_events(inputs: InputSet, count: int, setting: EventSetting | None, generator: torch.Generator) -> Events:
    """Make the events of a set that a model makes.

    Raises
    ------
    OptionError
        If there is no model, or it lacks what is needed.
    """
    return event_sets()[inputs.set_name].make(inputs.value, count, _required(inputs, setting), generator)


def apply_event_transforms(inputs: InputSet, events: Events, setting: EventSetting | None) -> Events:
    """Apply the input set's transforms of events, first to last; without any, return the events themselves.

    Raises
    ------
    OptionError
        If there is no model, or it lacks what a transform needs.
    """
    for each in inputs.transforms:
        if each.name in event_transforms():
            events = event_transforms()[each.name].apply(events, each.value, _required(inputs, setting))
    return events


def _required(inputs: InputSet, setting: EventSetting | None) -> EventSetting:
    if setting is None:
        raise OptionError(f"input set '{inputs}': needs a trained model, and there is none here")
    return setting


def fit_event_shape(images: Images, event_shape: tuple[int, int, int], name: str = "images") -> Images:
    """Make images fit a model: gray becomes RGB by repetition, and smaller images get a black border.

    Raises
    ------
    ShapeError
        If the images are larger than the model's input or have other channels.
    """
    require_pixels(images, name)
    channels, height, width = event_shape
    if images.shape[1] == 1 and channels > 1:
        images = images.expand(-1, channels, -1, -1)
    rows, columns = height - images.shape[2], width - images.shape[3]
    if images.shape[1] != channels or rows < 0 or columns < 0:
        raise ShapeError(
            f"{name}: images of shape {list(images.shape[1:])} do not fit a model of {list(event_shape)}; "
            "only gray to colour and smaller to larger can be made to fit"
        )
    border = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)
    return torch.nn.functional.pad(images, border).contiguous()


def _transforms(name: str, parts: list[str]) -> tuple[NamedTransform, ...]:
    """Read the transforms of an input set's name; those of pixels come before those of events."""
    found = tuple(_transform(name, part) for part in parts)
    kinds = [each.name in event_transforms() for each in found]
    if kinds != sorted(kinds):
        first = found[kinds.index(True)].name
        raise UnknownNameError(
            f"input set '{name}': {first} changes what the model takes, after dequantisation; put it behind the "
            "transforms of pixels"
        )
    return found


def _transform(name: str, part: str) -> NamedTransform:
    """Read one transform of an input set's name."""
    transform, equals, text = part.partition("=")
    known = all_transforms().get(transform)
    if known is None:
        raise UnknownNameError(f"input set '{name}': unknown transform '{transform}'; expected {syntax()}")
    if known.placeholder and not equals:
        raise UnknownNameError(f"input set '{name}': expected a value, {transform}={known.placeholder}")
    return NamedTransform(transform, _value(name, known.read, text) if equals else None)


def _value(name: str, read: Callable[[str], Value], text: str) -> Value:
    """Read a value; an error says in which name it stands."""
    try:
        return read(text)
    except (UnknownNameError, PixelRangeError) as error:
        raise type(error)(f"input set '{name}': {error}; expected {syntax()}") from None


def _written(value: Value) -> str:
    """Write a value as it stands in a name."""
    if value is None:
        return ""
    return f"={value}" if isinstance(value, str) else f"={value:g}"
