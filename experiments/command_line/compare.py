"""`likelihood-curvature compare`: predicted against measured likelihood gaps of a trained flow."""

from experiments.command_line.comparison_view import show
from experiments.command_line.console import table_console
from experiments.command_line.model_option import move, open_model, output_directory
from experiments.command_line.options import CompareOptions
from experiments.command_line.progress_view import ProgressBars
from experiments.paper.default_inputs import with_default_inputs
from experiments.study.comparison import compare_inputs, require_comparable, rung_settings
from experiments.study.memory_needs import require_memory_for_inputs


def run(options: CompareOptions) -> None:
    """Compare, print the table and draw the figure."""
    trained = open_model(options.model, options.own)
    move(trained, options.device)
    config = with_default_inputs(options.config, trained.train_set)
    inputs = require_comparable(config.inputs, rung_settings(config))
    require_memory_for_inputs(dict.fromkeys(inputs, config.n_images), trained.train_images.event_shape)
    console = table_console()
    with output_directory(trained, options.out, "compare", {"comparison": options.config}) as out:
        with ProgressBars(console) as bars:
            comparison = compare_inputs(trained, config, out, bars.of())
        show(comparison, out, console)
