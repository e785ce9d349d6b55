"""`likelihood-curvature sweep`: train and compare for every train set, model and seed."""

import sys

from experiments.command_line.console import table_console
from experiments.command_line.exits import FAILED_CHECK
from experiments.command_line.options import SweepOptions
from experiments.command_line.sweep_view import SweepProgress, show_sweep
from experiments.data.catalog import require_known_set
from experiments.paper.presets import preset_experiment
from experiments.study.configuration import DataConfig
from experiments.study.memory_needs import event_shape_of, require_memory_for_inputs
from experiments.study.samples import read_input_names
from experiments.study.sweep.sweeping import run_sweep


def run(options: SweepOptions) -> None:
    """Run the jobs that are not finished, print the table and the failures; exit with code 1 if a job failed."""
    config, console = options.config, table_console()
    counts = dict.fromkeys(read_input_names(config.inputs), config.n_images)
    for train_set in config.train_sets:
        require_known_set(train_set)
        require_memory_for_inputs(counts, event_shape_of(DataConfig(train_set, config.patch_size)))
    with SweepProgress(console) as progress:
        result = run_sweep(config, options.out, progress, preset_experiment, options.workers, options.scheduler)
    show_sweep(result, console)
    if result.failures:
        sys.exit(FAILED_CHECK)
