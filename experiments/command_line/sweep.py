"""`likelihood-curvature sweep`: train and compare for every train set, model and seed."""

import sys

from experiments.command_line.console import table_console
from experiments.command_line.exits import FAILED_CHECK
from experiments.command_line.options import SweepOptions
from experiments.command_line.sweep_view import SweepProgress, show_sweep
from experiments.paper.presets import preset_experiment
from experiments.study.sweep.sweeping import run_sweep


def run(options: SweepOptions) -> None:
    """Run what is not finished, print the table and the failures; exit with 1 if a job failed."""
    console = table_console()
    with SweepProgress(console) as progress:
        result = run_sweep(options.config, options.out, progress, preset_experiment, options.workers, options.scheduler)
    show_sweep(result, console)
    if result.failures:
        sys.exit(FAILED_CHECK)
