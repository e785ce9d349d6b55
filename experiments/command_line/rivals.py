"""`likelihood-curvature rivals`: what else explains log p, side by side with the second order."""

from rich.text import Text

from analysis.rival_tables import detectors_table, explained_table, score_remarks
from experiments.command_line.console import table_console
from experiments.command_line.model_option import move, open_model, output_directory
from experiments.command_line.progress_view import ProgressBars
from experiments.command_line.rivals_options import RivalsOptions
from experiments.paper.default_inputs import with_default_inputs
from experiments.study.rivals import DETECTORS, EXPLAINED, SCORES, require_rivals, study_rivals


def run(options: RivalsOptions) -> None:
    """Score the images and print both tables."""
    trained = open_model(options.model, options.own)
    move(trained, options.device)
    config = with_default_inputs(options.config, trained.train_set)
    require_rivals(config, trained.training_input)
    console = table_console()
    with output_directory(trained, options.out, "rivals", {"rivals": options.config}) as out:
        with ProgressBars(console) as bars:
            explained, detectors = study_rivals(trained, config, out, bars.of())
        console.print(explained_table(explained))
        for remark in score_remarks(explained):
            console.print(Text(remark, style="dim"))
        if len(detectors):
            console.print(detectors_table(detectors))
    files = ", ".join((EXPLAINED, DETECTORS, SCORES))
    console.print(f"tables: {files} in {out.path}", soft_wrap=True, highlight=False)
