"""`likelihood-curvature compare`: predicted against measured likelihood gaps of a trained flow."""

from experiments.command_line.comparison_view import ComparisonProgress, show, table_console
from experiments.command_line.options import CompareOptions
from experiments.comparing import compare_inputs, read_input_names
from experiments.runs import RunDirectory
from experiments.trained_model import load_run


def run(options: CompareOptions) -> None:
    """Compare, print the table and draw the figure."""
    trained = load_run(options.model)
    read_input_names(trained.data.train_set, options.config.inputs)
    out = trained.run
    if options.out is not None:
        out = RunDirectory.create(options.out, {"model": trained.run.path, "comparison": options.config})
    console = table_console()
    with ComparisonProgress(console) as progress:
        comparison = compare_inputs(trained, options.config, out, progress)
    show(comparison, out, console)
