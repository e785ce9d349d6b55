"""`likelihood-curvature explain`: split the predicted gaps into parts, and find how far they are valid."""

from collections.abc import Mapping

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis.frequencies import frequency_bands_of
from curvature.errors import ConfigError
from curvature.frequencies import FrequencyBands
from curvature.units import gap_bits_per_dim
from experiments.command_line.console import table_console
from experiments.command_line.model_option import open_model, output_directory
from experiments.command_line.options import ExplainOptions
from experiments.command_line.progress_view import ProgressBars
from experiments.paper.default_inputs import with_default_inputs
from experiments.storage.run_directory import RunDirectory
from experiments.study.explanation import explain
from experiments.study.memory_needs import require_memory_for_inputs
from experiments.study.samples import event_dim, require_inputs
from paper_figures.drawing import draw_figure

BANDS_FIGURE = "curvature-spectrum"
FIGURES = (BANDS_FIGURE, "validity-radius")
HIGH_FREQUENCY = 0.25  # cycles per pixel: gratings finer than four pixels
CAPTION = (
    "All but the last two columns in bits/dim. Covariance term: 1/2 Tr{H (Sigma_q - Sigma_p)}. Gauss-Newton: its part "
    f"of that, the rest being the activations'. Fine scales: the part made at {HIGH_FREQUENCY} cycles/pixel and finer, "
    "and the share of the training variance that lies there. Radius: the contrast up to which the second order is "
    "within a factor of 2 of the measured gap to the expansion point. Features of images have no fine scales."
)


def run(options: ExplainOptions) -> None:
    """Compute what is missing, print the summary and draw the figures."""
    trained = open_model(options.model, options.own)
    config = with_default_inputs(options.config, trained.train_set)
    inputs = require_inputs(config.inputs)
    require_memory_for_inputs(dict.fromkeys(inputs, config.n_images), trained.train_images.event_shape)
    dim = event_dim(trained.train_images, trained.representation)
    if 2 * config.eigenpairs > dim:
        raise ConfigError(
            f"--eigenpairs: expected at most half the {dim} dimensions of an event at each end of the "
            f"spectrum, got {config.eigenpairs}"
        )
    console = table_console()
    with output_directory(trained, options.out, "explain", {"explanation": options.config}) as out:
        with ProgressBars(console) as bars:
            explain(trained, config, out, bars.of())
        bands = frequency_bands_of(pd.read_csv(out.path / "frequencies.csv"))
        figures = [draw_figure(name, out.path)[0] for name in FIGURES if bands or name != BANDS_FIGURE]
        _print_summary(out, bands, dim, console)
    files = ", ".join(f"{name}.csv" for name in ("attribution", "frequencies", "spectrum", "validity"))
    lines = [f"tables: {files} in {out.path}", *(f"figure: {path}" for path in figures)]
    console.print("\n".join(lines), soft_wrap=True, highlight=False)


def _print_summary(out: RunDirectory, bands: Mapping[str, FrequencyBands], dim: int, console: Console) -> None:
    attribution, validity, spectrum = (
        pd.read_csv(out.path / f"{name}.csv") for name in ("attribution", "validity", "spectrum")
    )
    table = Table(
        title="Where the covariance term is made", caption=CAPTION, box=box.SIMPLE_HEAD, caption_justify="left"
    )
    table.add_column("input set", no_wrap=True)
    for column in ("covariance term", "Gauss-Newton", "fine scales", "variance there", "radius"):
        table.add_column(column, justify="right")
    for name in validity["input_set"].unique():
        parts = attribution[attribution["input_set"] == name].set_index("part")["nats"]
        radius, fine = validity[validity["input_set"] == name].iloc[0], bands.get(name)
        table.add_row(
            Text(name),
            f"{gap_bits_per_dim(float(parts.sum()) / 2, dim):+.3f}",
            f"{gap_bits_per_dim(parts['Gauss-Newton'] / 2, dim):+.3f}" if "Gauss-Newton" in parts else "–",
            f"{gap_bits_per_dim(fine.share_above(HIGH_FREQUENCY), dim):+.3f}" if fine else "–",
            f"{fine.variance_above(HIGH_FREQUENCY):.1%}" if fine else "–",
            f"{'' if radius['end'] == 'ratio' else '≥ '}{radius['radius']:.2f}",
        )
    console.print(table)
    low, high = spectrum["eigenvalue"].min(), spectrum["eigenvalue"].max()
    sign = "negative semi-definite" if high <= 0 else "NOT negative semi-definite"
    console.print(f"eigenvalues of H from {low:.4g} to {high:.4g}: H is {sign} here", highlight=False)
