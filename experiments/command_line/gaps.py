"""`likelihood-curvature gaps`: the paper's gaps, measured and predicted from the reference models, as `results/`."""

import shlex

from analysis.paper_pairs import PAIRS
from experiments.command_line.console import table_console
from experiments.command_line.options import GapsOptions
from experiments.command_line.progress_view import ProgressBars
from experiments.paper.gaps.config import GapsConfig
from experiments.paper.gaps.running import REPORT, TABLES, make_plan, run_gaps
from experiments.paper.gaps.shown import read_pairs
from experiments.paper.training_command import changed_options
from experiments.program import PROGRAM
from experiments.storage.directory_lock import held_directory
from experiments.storage.run_directory import RunDirectory
from experiments.study.workers import require_processes
from paper_figures.drawing import draw_figure

FIGURE = "likelihood-gaps"


def run(options: GapsOptions) -> None:
    """Measure and predict what is missing; write the tables, the report and the figure."""
    require_processes(options.jobs)
    pairs = read_pairs(options.pairs) or PAIRS
    plan = make_plan(pairs, options.config, options.work, skip_missing_models=not options.pairs)
    for pair in plan.left_out:
        print(f"left out, no model of that name yet: {pair}")
    out = RunDirectory(options.out)
    with held_directory(out.path):
        with ProgressBars(table_console()) as bars:
            run_gaps(plan, out, options.jobs, bars.of, _command(options))
        figure = draw_figure(FIGURE, out.path)[0]
    print("\n".join(f"{what}: {out.path / file}" for what, file in zip(("gaps", "ladder"), TABLES, strict=True)))
    print(f"figure: {figure}\nreport: {out.path / REPORT}")


def _command(options: GapsOptions) -> str:
    """The command line that makes these results, without the options that do not change them."""
    pairs = ["--pairs", *options.pairs] if options.pairs else []
    words = [PROGRAM, "gaps", "--out", str(options.out), *pairs, *changed_options(GapsConfig(), options.config)]
    return shlex.join(words)
