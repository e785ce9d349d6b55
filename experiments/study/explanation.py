"""The layers, frequencies and directions that predicted gaps come from, and how far the prediction holds."""

from collections.abc import Mapping
from dataclasses import asdict

import pandas as pd

from analysis.frequencies import frequency_frame
from analysis.inputs import InputSet
from analysis.validity import Validity, validity
from curvature import Expansion, Moments
from curvature.attribution import Attribution
from curvature.errors import RouteError
from curvature.frequencies import frequency_bands
from curvature.traces.trace import Trace
from experiments.storage.environment import environment_record
from experiments.storage.run_directory import RunDirectory
from experiments.storage.stages import Stage, run_stage
from experiments.study.configuration import ExplanationConfig
from experiments.study.event_setting import event_setting
from experiments.study.progress import SILENT, Progress
from experiments.study.rungs import expansion_of
from experiments.study.samples import load_samples, pixel_checksums, require_inputs
from experiments.study.trained_model import StudiedModel

VERSION = 2
ALL_PARTS = "all"
OUTPUTS = ("attribution.csv", "frequencies.csv", "spectrum.csv", "validity.csv", "explanation.json")


def explain(trained: StudiedModel, config: ExplanationConfig, out: RunDirectory, progress: Progress = SILENT) -> None:
    """Write what the covariance term comes from and how far the second order holds, for every input set.

    Parameters
    ----------
    trained
        The flow and its training images.
    config
        Input sets (at least one), number of images, bands, eigenpairs and seed.
    out
        Where ``attribution.csv``, ``frequencies.csv``, ``spectrum.csv``, ``validity.csv`` and ``explanation.json`` are
        written, unless they stand there unchanged, made from the same weights, images and settings.
    progress
        Counts input sets.

    Raises
    ------
    ToolkitError
        Of the kinds that `experiments.study.comparison.compare_inputs` raises.
    """
    inputs = require_inputs(config.inputs)
    made_from = {
        **trained.identity(),
        "inputs": [str(name) for name in inputs],
        "images": pixel_checksums(inputs, trained.train_images.event_shape[1], trained.representation),
        "settings": config,
    }

    def make() -> None:
        _write(trained, config, inputs, out, progress)
        out.write_json("explanation.json", {**made_from, "environment": environment_record(config.seed)})

    run_stage(out, Stage("explanation", VERSION, made_from, OUTPUTS), make, progress.say)


def _write(
    trained: StudiedModel,
    config: ExplanationConfig,
    inputs: tuple[InputSet, ...],
    out: RunDirectory,
    progress: Progress,
) -> None:
    counts = dict.fromkeys((trained.training_input, *inputs), config.n_images)
    samples = load_samples(
        counts,
        trained.train_images.event_shape,
        config.seed,
        trained.representation,
        event_setting(trained, config.seed),
    )
    expansion = expansion_of(trained, config.seed)
    p = Moments.from_samples(next(iter(samples.values())))
    attributions, bands, curves = {}, {}, []
    names = dict.fromkeys(map(str, inputs))
    for position, name in enumerate(names):
        progress(position, len(names) + 1, f"explaining {name}")
        q = Moments.from_samples(samples[name])
        attributions[name] = _attribution(expansion, q, p)
        if len(expansion.event_shape) == 3:  # features have no spatial frequencies
            bands[name] = frequency_bands(expansion, q, p, config.bands)
        curves.append(validity(expansion, samples[name], input_set=name))
    progress(len(names), len(names) + 1, "eigenvalues of H")
    out.write_csv("attribution.csv", attribution_frame(attributions))
    out.write_csv("frequencies.csv", frequency_frame(bands))
    out.write_csv("spectrum.csv", spectrum_frame(expansion, config.eigenpairs))
    out.write_csv("validity.csv", validity_frame(curves))


def _attribution(expansion: Expansion, q: Moments, p: Moments) -> Attribution | Trace:
    """Split the trace into its parts, or leave it whole for a model whose parts cannot be told apart."""
    try:
        return expansion.attribution(q, versus=p)
    except RouteError:
        return expansion.trace(q, versus=p)


def attribution_frame(attributions: Mapping[str, Attribution | Trace]) -> pd.DataFrame:
    """One row for each input set and part: the Gauss-Newton part and every activation layer, in nats.

    Where a model's parts cannot be told apart, one row `all` holds their sum.
    """
    rows: list[dict[str, object]] = []
    for input_set, each in attributions.items():
        if isinstance(each, Trace):
            rows.append({"input_set": input_set, "part": ALL_PARTS, "nats": float(each), "route": each.route})
            continue
        rows.append({"input_set": input_set, "part": "Gauss-Newton", "nats": each.gauss_newton, "route": each.route})
        for share in each.activations:
            row = asdict(share)
            rows.append({"input_set": input_set, "part": row.pop("name"), **row, "route": each.route})
    return pd.DataFrame(rows, columns=["input_set", "part", "level", "step", "layer", "nats", "route"])


def spectrum_frame(expansion: Expansion, eigenpairs: int) -> pd.DataFrame:
    """Extreme eigenvalues of H, nats per squared unit of the input, with their residuals."""
    found = expansion.spectrum(lowest=eigenpairs, highest=eigenpairs)
    return pd.DataFrame(
        {"eigenvalue": found.eigenvalues.numpy(force=True), "residual": found.residuals.numpy(force=True)}
    ).assign(route=found.route, num_matvecs=found.num_matvecs)


def validity_frame(curves: list[Validity]) -> pd.DataFrame:
    """All curves, one row for each input set and contrast."""
    return pd.concat([curve.frame() for curve in curves], ignore_index=True)
