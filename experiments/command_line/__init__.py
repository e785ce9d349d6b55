"""The command line: `likelihood-curvature COMMAND`, one for each row of `experiments.command_line.commands.COMMANDS`.

Options are the fields of frozen dataclasses, so `--help` is their documentation. Nothing heavy is imported before the
options have been read. The exit codes are those of `experiments.command_line.exits`.
"""

import sys
from collections.abc import Sequence

from experiments.command_line.exits import told_in_one_line
from experiments.command_line.interrupts import interrupts_end_the_process
from experiments.command_line.streams import use_plain_characters
from experiments.interruption import sigterm_as_ctrl_c


@sigterm_as_ctrl_c()
def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, run the command, and exit with its code if that is not 0."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    use_plain_characters()
    with told_in_one_line():
        with interrupts_end_the_process():
            # Imported only here: it takes a while, and Ctrl-C meanwhile must not end in a traceback.
            from experiments.command_line.commands import prepare

            run = prepare(arguments)
        run()
