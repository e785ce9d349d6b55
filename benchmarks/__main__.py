"""Run benchmarks by name, or all of them: `python -m benchmarks [NAME ...] [--device cuda]`.

Each module NAME of this package with a function `run() -> list[Row]` is a benchmark of the CPU. One whose `run` takes
a `Setting` also runs on a CUDA device, and on tiny sizes to try its code; it yields its rows, and those that it has are
kept if it is interrupted. Rows are printed as a table and kept, with the hardware, in benchmarks/results/NAME.json, or
NAME.cuda.json; those of tiny sizes only in a directory that is given.
A module that needs what not every machine has says what is missing with `unavailable(setting) -> str | None`; it is
left out then, and its last results stay.
"""

import argparse
import importlib
import re
from collections.abc import Iterable
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.hardware import hardware
from benchmarks.row import Row
from benchmarks.setting import Setting
from experiments.storage.atomic_write import write_json

PACKAGE = Path(__file__).parent
RESULTS = PACKAGE / "results"
WIDTH_OF_FILES = 160


def main() -> None:
    setting, names, results = arguments()
    console = table_console()
    for name in names:
        module = importlib.import_module(f"benchmarks.{name}")
        if reason := getattr(module, "unavailable", lambda setting: None)(setting):
            console.print(f"{name}: left out, {reason}")
            continue
        rows = collected(module.run(setting)) if name in benchmarks(takes_setting=True) else module.run()
        if not rows:
            continue
        console.print(as_table(name, rows))
        console.print((module.__doc__ or "").strip(), style="dim", highlight=False)
        if results is not None:
            result = {"benchmark": name, "hardware": hardware(), "rows": rows}
            write_json(results / results_file(name, setting.device), result)


def arguments() -> tuple[Setting, list[str], Path | None]:
    """Read the command line: where to run, which benchmarks, and the directory of the results."""
    known = benchmarks()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where to compute")
    parser.add_argument("--tiny", action="store_true", help="tiny sizes, to try the code; the numbers mean nothing")
    parser.add_argument("--results", type=Path, help="directory of the results; benchmarks/results by default")
    given = parser.parse_args()
    movable = benchmarks(takes_setting=True)
    setting = Setting(torch.device(given.device), given.tiny)
    default = known if setting == Setting() else movable
    names = given.names or default
    if unknown := set(names) - set(known):
        parser.error(f"no benchmark named {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    if fixed := set(names) - set(default):
        parser.error(f"{', '.join(sorted(fixed))}: on the CPU and in full size only; others: {', '.join(movable)}")
    if given.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: torch sees no CUDA device")
    return setting, names, given.results or (None if given.tiny else RESULTS)


def benchmarks(takes_setting: bool = False) -> list[str]:
    """Names of all benchmarks, or of those that take a setting, by their source: not every one can be imported."""
    pattern = re.compile(r"^def run\(setting\b" if takes_setting else r"^def run\(.*\) -> \w+\[Row\]:", re.MULTILINE)
    return sorted(path.stem for path in PACKAGE.glob("*.py") if pattern.search(path.read_text()))


def results_file(name: str, device: torch.device) -> str:
    """Name of the file of a benchmark's results; those of a GPU are kept apart."""
    return f"{name}.json" if device.type == "cpu" else f"{name}.{device.type}.json"


def table_console() -> Console:
    """Where tables are printed: as wide as the terminal, and wide in a file."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH_OF_FILES)


def collected(rows: Iterable[Row]) -> list[Row]:
    """Take all rows, or those that there are when an interrupt (Ctrl-C) comes."""
    found: list[Row] = []
    try:
        for row in rows:
            found.append(row)
    except KeyboardInterrupt:
        print(f"interrupted: keeping {len(found)} rows")
    return found


def as_table(title: str, rows: list[Row]) -> Table:
    table = Table(title=title)
    for column, value in rows[0].items():
        table.add_column(column, justify="left" if isinstance(value, str) else "right")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    return table


def _cell(value: str | float | None) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else f"{value:.4g}"


if __name__ == "__main__":
    main()
