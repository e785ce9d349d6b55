"""Run benchmarks by name, all if none is named: `python -m benchmarks [NAME ...]`.

Each module NAME of this package with a function `run() -> list[dict]` is a benchmark: one row a candidate, the same
columns in every row. The rows are printed as a table and kept, with the hardware, in benchmarks/results/NAME.json.
A module that needs what not every machine has says what is missing with `unavailable() -> str | None`; it is left out
then, and its last results stay.
"""

import argparse
import importlib
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.hardware import hardware

BENCHMARKS = (
    "training_step",
    "training_quality",
    "training_on_gpu",
    "moments",
    "demo",
    "curvature_routes",
    "curvature_hessian",
    "ladder",
    "comparison",
)
WIDTH_OF_FILES = 160
RESULTS = Path(__file__).parent / "results"

Row = dict[str, str | float | None]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    names = parser.parse_args().names or BENCHMARKS
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"no benchmark named {', '.join(sorted(unknown))}; known: {', '.join(BENCHMARKS)}")
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
