"""Every option of every command, found in the dataclasses that the commands read: a new option needs no line here."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import tyro

from experiments.command_line.commands import COMMANDS
from experiments.command_line.data_options import Action, DataOptions
from experiments.command_line.option_types import checks_in
from experiments.command_line.paths import PathCheck
from experiments.models.registry import DEFAULT_KIND, configuration, families
from experiments.settings import Range

# What else a command must be given; RUN stands for the directory of a finished run.
REQUIRED = {
    "compare": ["--model", "{RUN}"],
    "trajectory": ["--model", "{RUN}"],
    "explain": ["--model", "{RUN}"],
    "rivals": ["--model", "{RUN}"],
    "sweep": ["--train-sets", "digits"],
    "check": ["{RUN}"],
    "export": ["{RUN}", "name"],
    "data moments": ["china"],
    "data fetch": ["mnist"],
    "data verify": ["mnist"],
}


@dataclass(frozen=True)
class Option:
    """One option of a command."""

    command: str
    flag: str
    """Empty for a positional argument."""
    kind: Any
    """The type of its value, or of each of its values."""
    check: Range | PathCheck | None
    choices: tuple[str, ...]
    """All the words that it takes; empty where other values are allowed, too."""
    count: int
    """How many values to give."""
    is_list: bool = False
    """Whether it takes any number of values, and none."""
    place: int = 0
    """Of a positional argument."""
    always: tuple[str, ...] = ()
    """Arguments without which the command does not have the option."""

    def arguments(self, value: str) -> list[str]:
        """A command line that gives the option a value, and nothing else that is not needed."""
        required = list(REQUIRED.get(self.command, []))
        head = [*self.command.split(), *self.always]
        if not self.flag:
            required[self.place : self.place + 1] = [value]
            return [*head, *required]
        if self.flag in required:
            at = required.index(self.flag)
            required = required[:at] + required[at + 2 :]
        return [*head, *required, self.flag, *[value] * self.count]

    @property
    def is_number(self) -> bool:
        """Whether it takes numbers."""
        return self.kind in (int, float)


def all_options() -> Iterator[Option]:
    """Yield the options of all commands, and those of every family of models."""
    for command, (cls, _) in COMMANDS.items():
        if cls is DataOptions:
            for action in get_args(Action):
                kind, subcommand = get_args(action)[:2]
                yield from _options(f"data {subcommand.name}", kind)
        else:
            yield from _options(command, cls)
    for kind in sorted(set(families()) - {DEFAULT_KIND}):
        yield from _options("train", type(configuration(kind)), "model.", ("--model.kind", kind))


def _options(command: str, cls: Any, prefix: str = "", always: tuple[str, ...] = ()) -> Iterator[Option]:
    hints, place = get_type_hints(cls, include_extras=True), 0
    for field in dataclasses.fields(cls):
        hint, annotations = hints[field.name], ()
        if get_origin(hint) is Annotated:
            _, *annotations = get_args(hint)
        bare = get_type_hints(cls)[field.name]
        if dataclasses.is_dataclass(bare):
            is_flat = any(getattr(annotation, "name", None) == "" for annotation in annotations)
            yield from _options(command, _actual(bare), prefix if is_flat else f"{prefix}{field.name}.", always)
            continue
        is_positional = tyro.conf.Positional in annotations or "Positional" in map(str, annotations)
        flag = "" if is_positional else f"--{prefix}{field.name}".replace("_", "-")
        yield Option(command, flag, *_value(hint, bare), place=place, always=always)
        place += is_positional


def _actual(cls: Any) -> Any:
    """The dataclass behind a base class that options are declared with."""
    return cls if "kind" not in {field.name for field in dataclasses.fields(cls)} else type(configuration())


def _value(hint: Any, bare: Any) -> tuple[Any, Range | PathCheck | None, tuple[str, ...], int, bool]:
    """Type, check, choices and number of the values, and whether any number may be given."""
    found = list(checks_in(hint))
    kinds = [part for part in (get_args(bare) or (bare,)) if part not in (type(None), Ellipsis)]
    choices = kinds if get_origin(bare) is Literal else ()
    kind = str if choices else kinds[0]
    count = len(kinds) if get_origin(bare) is tuple else 1
    return kind, found[0][1] if found else None, tuple(choices), count, Ellipsis in get_args(bare)
