"""The model of `check` and `verify`, with the events to put it to, and the program that makes both."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import ConfigError
from experiments.command_line.model_option import open_model, read_arguments
from experiments.command_line.own_model_options import OwnModelOptions
from experiments.data.own_arrays import read_own_events
from experiments.models.importable import is_importable
from experiments.study.own_model import load_own_density

TRAINING_IMAGES = 64


@dataclass(frozen=True)
class OpenedDensity:
    """A model and events.

    Attributes
    ----------
    model
        Its density, as `curvature.expand` takes it.
    events
        What it is put to.
    origin
        Lines of Python that make both, as `flow` and `x`, for the programs of counterexamples.
    """

    model: Any
    events: Float[Tensor, " N *event"]
    origin: str


def open_density(model: str, own: OwnModelOptions, inputs: str | None) -> OpenedDensity:
    """Load a model, and events: those of a file, taken as they are, or else some of its training images.

    Parameters
    ----------
    model
        Name of a reference model, a run directory, or ``package.module:factory``.
    own
        The options of one's own model.
    inputs
        ``FILE.npy``, ``FILE.npz`` or ``FILE.npz:KEY``.

    Raises
    ------
    ConfigError
        If neither events nor training images of one's own model are named, or options do not go together.
    ToolkitError
        As `open_model` and `read_own_events` raise.
    """
    if inputs is None:
        return _on_training_images(model, own)
    x = read_own_events(inputs)
    reading = f"from experiments.data.own_arrays import read_own_events\n\nx = read_own_events({inputs!r})\n"
    if not is_importable(model):
        return OpenedDensity(open_model(model, own).model, x, f"{_loading(model, own)}flow = trained.model\n{reading}")
    if own.train_inputs is not None:
        raise ConfigError("--train-inputs: --inputs names the events already; leave one of the two out")
    arguments = read_arguments(own.model_args)
    making = (
        f"from experiments.study.own_model import load_own_density\n{reading}"
        f"flow = load_own_density({model!r}, {arguments!r}, x)\n"
    )
    return OpenedDensity(load_own_density(model, arguments, x), x, making)


def _on_training_images(model: str, own: OwnModelOptions) -> OpenedDensity:
    if is_importable(model) and own.train_inputs is None:
        raise ConfigError(
            "--inputs: your own model needs events: FILE.npy or FILE.npz:KEY; or --train-inputs, its training images"
        )
    trained = open_model(model, own)
    x = trained.representation(trained.train_images.head(TRAINING_IMAGES), torch.Generator().manual_seed(0))
    events = (
        f"x = trained.representation(trained.train_images.head({TRAINING_IMAGES}), torch.Generator().manual_seed(0))\n"
    )
    return OpenedDensity(trained.model, x, f"import torch\n{_loading(model, own)}flow = trained.model\n{events}")


def _loading(model: str, own: OwnModelOptions) -> str:
    """Lines that open a model as `trained`."""
    if is_importable(model):
        given = (model, read_arguments(own.model_args), own.train_inputs, own.value_range, own.levels)
        call = f"load_own_model({', '.join(map(repr, given))})"
        return f"from experiments.study.own_model import load_own_model\n\ntrained = {call}\n"
    return f"from experiments.paper.reference_models.loading import load_model\n\ntrained = load_model({model!r})\n"
