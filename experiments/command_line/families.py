"""`likelihood-curvature families`: small models of every family on the paper's pairs, as a table in `results/`."""

import shlex
import sys

from curvature.names import require_known
from experiments.command_line.console import table_console
from experiments.command_line.exits import FAILED_CHECK
from experiments.command_line.families_options import FamiliesOptions
from experiments.command_line.sweep_view import SweepProgress, show_failures
from experiments.data.catalog import require_known_set
from experiments.paper.families.config import FamiliesConfig
from experiments.paper.families.running import DEFAULT_PAIRS, REPORT, TABLE, run_families
from experiments.paper.gaps.shown import read_pairs
from experiments.paper.presets import PRESETS
from experiments.paper.training_command import changed_options
from experiments.program import PROGRAM
from experiments.storage.directory_lock import held_directory
from experiments.storage.run_directory import RunDirectory


def run(options: FamiliesOptions) -> None:
    """Train and compare what is missing, and write table and report; exit with code 1 if a job failed."""
    pairs, console = read_pairs(options.pairs) or DEFAULT_PAIRS, table_console()
    for pair in pairs:
        require_known_set(pair.train_set)
    for model in options.config.models:
        require_known("preset", model, PRESETS)
    out = RunDirectory(options.out)
    with held_directory(out.path), SweepProgress(console) as progress:
        failures = run_families(
            pairs, options.config, options.work, out, lambda: progress, options.workers, _command(options)
        )
    if failures:
        show_failures(failures, console)
        sys.exit(FAILED_CHECK)
    lines = [f"table: {out.path / TABLE}", f"report: {out.path / REPORT}"]
    console.print("\n".join(lines), soft_wrap=True, highlight=False)


def _command(options: FamiliesOptions) -> str:
    """The command line that makes these results, without the options that do not change them."""
    pairs = ["--pairs", *options.pairs] if options.pairs else []
    words = [PROGRAM, "families", "--out", str(options.out), *pairs, *changed_options(FamiliesConfig(), options.config)]
    return shlex.join(words)
