"""`likelihood-curvature export`: write a finished run as a reference model with its model card."""

from functools import partial

from experiments.command_line.options import ExportOptions
from experiments.paper.reference_models.exporting import export_run


def run(options: ExportOptions) -> None:
    """Write the model's directory and print its path."""
    say = partial(print, flush=True)
    path = export_run(options.run, options.name, options.out, options.replace, options.n_images, say)
    print(f"model: {path}")
