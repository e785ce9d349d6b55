"""The commands: what each is called, its options, and the module whose `run` takes them."""

import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from functools import partial, reduce
from importlib import import_module
from operator import or_
from typing import Annotated, Any

import tyro

from curvature.errors import ConfigError
from curvature.names import require_known, unknown_name
from experiments.command_line.check_options import CheckOptions
from experiments.command_line.claims_options import ClaimsOptions
from experiments.command_line.data_options import ACTIONS, DataOptions
from experiments.command_line.families_options import FamiliesOptions
from experiments.command_line.option_types import checked_options
from experiments.command_line.options import (
    CompareOptions,
    DemoOptions,
    ExplainOptions,
    ExportOptions,
    GapsOptions,
    SweepOptions,
    TrainOptions,
    TrajectoryOptions,
)
from experiments.command_line.parse_errors import in_one_line
from experiments.command_line.rivals_options import RivalsOptions
from experiments.command_line.starting_point import demo_defaults, train_defaults
from experiments.command_line.verify_options import VerifyOptions
from experiments.data.location import use_data_root
from experiments.program import PROGRAM

DESCRIPTION = "Does the curvature of log p explain why flows give higher likelihood to data they were not trained on?"
WIDE = "4000"

# The options of every command, and the module whose `run` takes them.
COMMANDS: dict[str, tuple[type, str]] = {
    "demo": (DemoOptions, "experiments.command_line.demo"),
    "data": (DataOptions, "experiments.command_line.data"),
    "train": (TrainOptions, "experiments.command_line.train"),
    "compare": (CompareOptions, "experiments.command_line.compare"),
    "trajectory": (TrajectoryOptions, "experiments.command_line.trajectory"),
    "explain": (ExplainOptions, "experiments.command_line.explain"),
    "rivals": (RivalsOptions, "experiments.command_line.rivals"),
    "sweep": (SweepOptions, "experiments.command_line.sweep"),
    "export": (ExportOptions, "experiments.command_line.export"),
    "gaps": (GapsOptions, "experiments.command_line.gaps"),
    "families": (FamiliesOptions, "experiments.command_line.families"),
    "claims": (ClaimsOptions, "experiments.command_line.claims"),
    "verify": (VerifyOptions, "experiments.command_line.verify"),
    "check": (CheckOptions, "experiments.command_line.check"),
}

# The commands whose defaults depend on their own arguments.
STARTING_POINTS: dict[str, Callable[[Sequence[str]], object]] = {"train": train_defaults, "demo": demo_defaults}


def prepare(arguments: Sequence[str]) -> Callable[[], None]:
    """Read the options of a command and import its module; calling the result runs it.

    Raises
    ------
    UnknownNameError
        If there is no such command; the message suggests the nearest.
    ToolkitError
        If an option is unknown, or has a value that it does not allow.
    SystemExit
        After `--help` has been printed.
    """
    options = read_options(arguments)
    _use_data_root(options)
    return partial(import_module(COMMANDS[arguments[0]][1]).run, options)


def read_options(arguments: Sequence[str]) -> Any:
    """Read the options of a command, the first of the arguments; raises what `prepare` raises."""
    name, *rest = arguments or [""]
    if name not in COMMANDS:
        return _overview(name, arguments)
    if name == "data" and rest and not rest[0].startswith("-"):
        require_known("command data", rest[0], ACTIONS)
    default = STARTING_POINTS[name](rest) if name in STARTING_POINTS else tyro.MISSING_NONPROP
    return _parse(COMMANDS[name][0], rest, f"{PROGRAM} {name}", default=default)


def _overview(name: str, arguments: Sequence[str]) -> None:
    """Print the list of commands if it was asked for; refuse anything else."""
    if not name:
        raise ConfigError(f"expected a command: {', '.join(COMMANDS)}; for help: {PROGRAM} --help")
    if not name.startswith("-"):
        raise unknown_name("command", name, COMMANDS)
    commands = (Annotated[kind, tyro.conf.subcommand(name)] for name, (kind, _) in COMMANDS.items())
    _parse(reduce(or_, commands), arguments, PROGRAM, description=DESCRIPTION)
    raise ConfigError(f"expected a command before {name}; for help: {PROGRAM} --help")


def _parse(kind: Any, arguments: Sequence[str], program: str, **settings: Any) -> Any:
    """Let tyro read arguments; what it cannot read is told in one line."""
    told = io.StringIO()
    try:
        with redirect_stderr(told), _unwrapped(arguments):
            return tyro.cli(kind, prog=program, args=arguments, registry=checked_options(), **settings)
    except SystemExit as stop:
        if not stop.code:  # help was asked for
            raise
        raise ConfigError(in_one_line(told.getvalue(), program)) from None


@contextmanager
def _unwrapped(arguments: Sequence[str]) -> Iterator[None]:
    """Have errors written in lines as long as they need, which are not broken inside words; help has the usual ones."""
    before = os.environ.get("COLUMNS")
    if not {"-h", "--help"}.intersection(arguments):
        os.environ["COLUMNS"] = WIDE
    try:
        yield
    finally:
        os.environ.pop("COLUMNS", None)
        if before is not None:
            os.environ["COLUMNS"] = before


def _use_data_root(options: Any) -> None:
    """Look for data sets where `--data-root` says, for every command that has it."""
    data_root = getattr(options, "data_root", None)
    if data_root is not None:
        use_data_root(data_root)
