"""Where a trained flow's predicted gaps are made: layers, frequencies, directions; and how far the prediction holds."""

from collections.abc import Callable
from dataclasses import asdict

import pandas as pd
from torch import Tensor

from analysis.frequencies import frequency_frame
from analysis.inputs import InputSet, parse_input_set
from analysis.validity import Validity, validity
from curvature import Expansion, Moments
from curvature.attribution import Attribution, attribution
from curvature.frequencies import frequency_bands
from curvature.spectrum import spectrum
from experiments.storage.environment import environment_record
from experiments.storage.run_directory import RunDirectory
from experiments.study.comparing import expansion_of, read_input_names
from experiments.study.configuration import ExplanationConfig
from experiments.study.inputs import load_inputs
from experiments.study.trained_model import TrainedModel

STAGE = "explain"
OUTPUTS = ("attribution.csv", "frequencies.csv", "spectrum.csv", "validity.csv", "explanation.json")

Progress = Callable[[str], None]


def explain(trained: TrainedModel, config: ExplanationConfig, out: RunDirectory, progress: Progress) -> None:
    """Write where the covariance term is made and how far the second order holds, for every input set.

    Parameters
    ----------
    trained
        The flow and its training images.
    config
        Input sets, number of images, bands, eigenpairs and seed.
    out
        Where ``attribution.csv``, ``frequencies.csv``, ``spectrum.csv``, ``validity.csv`` and ``explanation.json`` are
        written, unless they stand there already, made from the same checkpoint and settings.
    progress
        Told what is being computed.

    Raises
    ------
    ToolkitError
        Of the kinds that `experiments.study.comparing.compare_inputs` raises.
    """
    inputs = read_input_names(trained.data.train_set, config.inputs)
    made_from = {**trained.identity(), "inputs": [str(name) for name in inputs], "settings": config}

    def make() -> None:
        _write(trained, config, inputs, out, progress)
        out.write_json("explanation.json", {**made_from, "environment": environment_record(config.seed)})

    out.stage(STAGE, made_from, OUTPUTS, make)


def _write(
    trained: TrainedModel,
    config: ExplanationConfig,
    inputs: tuple[InputSet, ...],
    out: RunDirectory,
    progress: Progress,
) -> None:
    expansion = expansion_of(trained, config.seed)
    event_shape = trained.train_images.event_shape

    def samples(name: InputSet) -> Tensor:
        return load_inputs(name, config.n_images, event_shape, config.seed, patch_size=event_shape[1])

    x_own = samples(parse_input_set(f"{trained.data.train_set}/train"))
    p = Moments.from_samples(x_own)
    attributions, bands, curves = {}, {}, []
    for each in inputs:
        name = str(each)
        progress(name)
        x = samples(each)
        q = Moments.from_samples(x)
        attributions[name] = attribution(expansion, q, versus=p)
        bands[name] = frequency_bands(expansion, q, p, config.bands)
        curves.append(validity(expansion, x, input_set=name))
    progress("eigenvalues of H")
    out.write_csv("attribution.csv", attribution_frame(attributions))
    out.write_csv("frequencies.csv", frequency_frame(bands))
    out.write_csv("spectrum.csv", spectrum_frame(expansion, config.eigenpairs))
    out.write_csv("validity.csv", validity_frame(curves))


def attribution_frame(attributions: dict[str, Attribution]) -> pd.DataFrame:
    """One row for each input set and part: the Gauss-Newton part and every activation layer, in nats."""
    rows = []
    for input_set, each in attributions.items():
        rows.append({"input_set": input_set, "part": "Gauss-Newton", "nats": each.gauss_newton, "route": each.route})
        for share in each.activations:
            row = asdict(share)
            rows.append({"input_set": input_set, "part": row.pop("name"), **row, "route": each.route})
    return pd.DataFrame(rows, columns=["input_set", "part", "level", "step", "layer", "nats", "route"])


def spectrum_frame(expansion: Expansion, eigenpairs: int) -> pd.DataFrame:
    """Extreme eigenvalues of H, nats per squared unit of the input, with their residuals."""
    found = spectrum(expansion, lowest=eigenpairs, highest=eigenpairs)
    return pd.DataFrame(
        {"eigenvalue": found.eigenvalues.numpy(force=True), "residual": found.residuals.numpy(force=True)}
    ).assign(route=found.route, num_matvecs=found.num_matvecs)


def validity_frame(curves: list[Validity]) -> pd.DataFrame:
    """All curves, one row for each input set and contrast."""
    return pd.concat([curve.frame() for curve in curves], ignore_index=True)
