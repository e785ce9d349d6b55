"""`likelihood-curvature compare`: predicted against measured likelihood gaps of a trained flow."""

from experiments.command_line.comparison_view import ComparisonProgress, show, table_console
from experiments.command_line.model_option import open_model, output_directory
from experiments.command_line.options import CompareOptions
from experiments.study.comparing import compare_inputs, read_input_names


def run(options: CompareOptions) -> None:
    """Compare, print the table and draw the figure."""
    trained = open_model(options.model)
    read_input_names(trained.data.train_set, options.config.inputs)
    out = output_directory(trained, options.out, "compare", {"comparison": options.config})
    console = table_console()
    with ComparisonProgress(console) as progress:
        comparison = compare_inputs(trained, options.config, out, progress)
    show(comparison, out, console)
