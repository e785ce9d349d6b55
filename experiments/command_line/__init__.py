"""The command line: `likelihood-curvature demo | train | compare | explain | verify`.

Options are the fields of frozen dataclasses, so `--help` is their documentation. Nothing heavy is imported before the
options have been read. Exit codes: 0 good, 1 a failed check, 2 a user's mistake (told in one line), 130 Ctrl-C.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import tyro

from curvature.errors import ToolkitError
from experiments.command_line.options import CompareOptions, DemoOptions, ExplainOptions, TrainOptions, VerifyOptions

PROGRAM = "likelihood-curvature"
USER_MISTAKE = 2
INTERRUPTED = 130

Options = (
    Annotated[DemoOptions, tyro.conf.subcommand("demo")]
    | Annotated[TrainOptions, tyro.conf.subcommand("train")]
    | Annotated[CompareOptions, tyro.conf.subcommand("compare")]
    | Annotated[ExplainOptions, tyro.conf.subcommand("explain")]
    | Annotated[VerifyOptions, tyro.conf.subcommand("verify")]
)

COMMANDS = {
    DemoOptions: "experiments.command_line.demo",
    TrainOptions: "experiments.command_line.train",
    CompareOptions: "experiments.command_line.compare",
    ExplainOptions: "experiments.command_line.explain",
    VerifyOptions: "experiments.command_line.verify",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, run the command and exit with its code."""
    try:
        options = tyro.cli(Options, prog=PROGRAM, description=__doc__.splitlines()[0], args=arguments)
        import_module(COMMANDS[type(options)]).run(options)
    except ToolkitError as error:
        print(f"{PROGRAM}: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(getattr(error, "exit_code", USER_MISTAKE))
    except KeyboardInterrupt:
        print(f"{PROGRAM}: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
