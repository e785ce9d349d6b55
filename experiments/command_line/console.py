"""The console that tables are printed on."""

from rich.console import Console

WIDTH_OF_FILES = 140  # where the output is no terminal


class OutputConsole(Console):
    """A console that reports a closed pipe as an error, where rich would exit with the code of a failed check."""

    def on_broken_pipe(self) -> None:
        """Raise the BrokenPipeError that rich has caught."""
        raise


def table_console() -> Console:
    """A console as wide as the terminal; wide enough for one table where the output goes to a file or pipe."""
    # Without emoji: the name mine.npz:train holds one.
    console = OutputConsole(emoji=False)
    return console if console.is_terminal else OutputConsole(width=WIDTH_OF_FILES, emoji=False)
