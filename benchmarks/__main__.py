"""Run benchmarks by name, or all of them: `python -m benchmarks [NAME ...]`.

Each module NAME of this package with a function `run() -> list[Row]` is a benchmark. Its rows are printed as a table
and kept, with the hardware, in benchmarks/results/NAME.json. A module that needs what not every machine has says what
is missing with `unavailable() -> str | None`; it is left out then, and its last results stay.
"""

import argparse
import importlib
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.hardware import hardware
from benchmarks.row import Row

PACKAGE = Path(__file__).parent
RESULTS = PACKAGE / "results"
WIDTH_OF_FILES = 160


def main() -> None:
    known = benchmarks()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}")
    names = parser.parse_args().names or known
    if unknown := set(names) - set(known):
        parser.error(f"no benchmark named {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    RESULTS.mkdir(exist_ok=True)
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH_OF_FILES)
    for name in names:
        module = importlib.import_module(f"benchmarks.{name}")
        if reason := getattr(module, "unavailable", lambda: None)():
            console.print(f"{name}: left out, {reason}")
            continue
        rows = module.run()
        console.print(as_table(name, rows))
        console.print((module.__doc__ or "").strip(), style="dim", highlight=False)
        result = {"benchmark": name, "hardware": hardware(), "rows": rows}
        (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")


def benchmarks() -> list[str]:
    """Names of all benchmarks, found in the source: importing them takes long, and needs packages not always there."""
    return sorted(path.stem for path in PACKAGE.glob("*.py") if "\ndef run() -> list[Row]:" in path.read_text())


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
