"""`likelihood-curvature demo`: the paper's experiment in miniature, in both directions, without a download."""

import pandas as pd
from rich.console import Console

from analysis.comparison import explains
from experiments.command_line.comparison_view import ComparisonProgress, show, wide_console
from experiments.command_line.options import DemoOptions
from experiments.comparing import compare_inputs
from experiments.configuration import ComparisonConfig, DataConfig, ExperimentConfig
from experiments.runs import RunDirectory
from experiments.trained_model import load_run, train_run
from experiments.training.progress import TerminalProgress

SWAPPED_PAIR = ("china", "flower")
BEST_RUNG = "path-3"


def run(options: DemoOptions) -> None:
    """Train on each photograph, compare, and say how the swapped pair came out."""
    console = wide_console()
    comparisons = {name: _one_direction(name, options, console) for name in SWAPPED_PAIR}
    for name, other in (SWAPPED_PAIR, SWAPPED_PAIR[::-1]):
        _say_what_came_out(comparisons[name], f"{other}/test", console)


def _one_direction(train_set: str, options: DemoOptions, console: Console) -> pd.DataFrame:
    """Train on one set, unless that is done, and compare all inputs with it."""
    config = ExperimentConfig(DataConfig(train_set), options.model, options.training)
    directory = RunDirectory.create(options.out / train_set, config)

    def train() -> None:
        with TerminalProgress(f"training on {train_set}") as progress:
            train_run(directory, resume=True, progress=progress)

    directory.stage("train", config, ("checkpoint.safetensors", "log.csv"), train)
    comparison_config = ComparisonConfig(n_images=options.n_images, seed=options.training.seed)
    with ComparisonProgress(console) as progress:
        comparison = compare_inputs(load_run(directory.path), comparison_config, directory, progress)
    show(comparison, directory, console)
    return comparison


def _say_what_came_out(comparison: pd.DataFrame, other: str, console: Console) -> None:
    """State the other set's sign, measured and predicted, and which inputs the best rung explains."""
    best = comparison[comparison["rung"] == BEST_RUNG]
    row = best[best["input_set"] == other].iloc[0]
    likelier = "MORE" if row["measured"] < 0 else "LESS"
    missed = best[~explains(best)]
    listed = ", ".join(f"{r.input_set} ({r.predicted:+.3f} for {r.measured:+.3f})" for r in missed.itertuples())
    size = f"{abs(row['measured']):.3f} ± {row['measured_se']:.3f} bits/dim"
    console.print(
        f"Trained on {row['train_set']}: {other} is {likelier} likely than the training images by {size} "
        f"({BEST_RUNG} predicts {row['predicted']:+.3f}). "
        f"{BEST_RUNG} explains {len(best) - len(missed)} of {len(best)} gaps within 10 % or 0.02 bits/dim"
        + (f"; not {listed}." if listed else "."),
        soft_wrap=True,
        highlight=False,
    )
