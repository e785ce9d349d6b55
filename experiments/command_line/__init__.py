"""The command line: `likelihood-curvature COMMAND`, one for each row of `COMMANDS`.

Options are the fields of frozen dataclasses, so `--help` is their documentation. Nothing heavy is imported before the
options have been read. Exit codes: 0 good, 1 a failed check, 2 a user's mistake (told in one line), 130 Ctrl-C,
143 SIGTERM.
"""

import sys
from collections.abc import Callable, Sequence
from functools import reduce
from importlib import import_module
from operator import or_
from typing import Annotated, Any

import tyro

from curvature.errors import ToolkitError
from experiments.command_line.check_options import CheckOptions
from experiments.command_line.data_options import DataOptions
from experiments.command_line.options import (
    CompareOptions,
    DemoOptions,
    ExplainOptions,
    ExportOptions,
    GapsOptions,
    SweepOptions,
    TrainOptions,
    TrajectoryOptions,
    VerifyOptions,
)
from experiments.command_line.starting_point import demo_defaults, train_defaults
from experiments.data.location import use_data_root
from experiments.interruption import INTERRUPTED, sigterm_as_ctrl_c
from experiments.paper.training_command import PROGRAM
from experiments.training.told_once import is_told_here, let_another_tell

DESCRIPTION = "Does the curvature of log p explain why flows give higher likelihood to data they were not trained on?"
USER_MISTAKE = 2

# The options of every command, and the module whose `run` takes them.
COMMANDS: dict[str, tuple[type, str]] = {
    "demo": (DemoOptions, "experiments.command_line.demo"),
    "data": (DataOptions, "experiments.command_line.data"),
    "train": (TrainOptions, "experiments.command_line.train"),
    "compare": (CompareOptions, "experiments.command_line.compare"),
    "trajectory": (TrajectoryOptions, "experiments.command_line.trajectory"),
    "explain": (ExplainOptions, "experiments.command_line.explain"),
    "sweep": (SweepOptions, "experiments.command_line.sweep"),
    "export": (ExportOptions, "experiments.command_line.export"),
    "gaps": (GapsOptions, "experiments.command_line.gaps"),
    "verify": (VerifyOptions, "experiments.command_line.verify"),
    "check": (CheckOptions, "experiments.command_line.check"),
}

# The commands whose defaults depend on their own arguments.
STARTING_POINTS: dict[str, Callable[[Sequence[str]], object]] = {"train": train_defaults, "demo": demo_defaults}


@sigterm_as_ctrl_c()
def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, run the command and exit with its code."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        options = tyro.cli(command_parsers(arguments), prog=PROGRAM, description=DESCRIPTION, args=arguments)
        module = next(module for kind, module in COMMANDS.values() if kind is type(options))
        _use_data_root(options)
        import_module(module).run(options)
    except ToolkitError as error:
        if is_told_here(error):
            print(f"{PROGRAM}: {' '.join(str(error).split())}", file=sys.stderr)
        else:
            let_another_tell()
        sys.exit(getattr(error, "exit_code", USER_MISTAKE))
    except KeyboardInterrupt as interrupt:
        if is_told_here(interrupt):
            print(f"{PROGRAM}: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)


def _use_data_root(options: Any) -> None:
    """Look for data sets where `--data-root` says, for every command that has it."""
    data_root = getattr(options, "data_root", None)
    if data_root is not None:
        use_data_root(data_root)


def command_parsers(arguments: Sequence[str]) -> Any:
    """What tyro reads: one subcommand for each command; a preset or a model's family decides where options start."""
    defaults = {name: read(arguments) for name, read in STARTING_POINTS.items() if name in arguments[:1]}
    commands = (
        Annotated[kind, tyro.conf.subcommand(name, default=defaults.get(name, tyro.MISSING_NONPROP))]
        for name, (kind, _) in COMMANDS.items()
    )
    return reduce(or_, commands)
