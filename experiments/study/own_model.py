"""A model of one's own, ``package.module:factory``, as a study takes it: beside the images it was trained on."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from analysis.dequantization import LEVELS
from analysis.inputs import InputSet, parse_input_set
from analysis.representation import Representation, representation_of
from curvature.errors import ConfigError, OptionError, ToolkitError
from curvature.precision import LogDensity
from experiments.data.catalog import load_image_set
from experiments.data.image_set import ImageSet
from experiments.models.adapters import adapt
from experiments.models.adapters.adapting import adapters, is_adaptable
from experiments.models.adapters.flattened import FlattenedModel
from experiments.models.importable import import_model
from experiments.study.samples import require_inputs

PROBED_IMAGES = 16
"""Training images whose log p is part of the model's identity: some models keep tensors that no state_dict has."""


@dataclass(frozen=True)
class OwnModel:
    """A density that was made elsewhere.

    Attributes
    ----------
    name
        ``package.module:factory``.
    model
        A module with `log_prob`, or a function of x.
    label, family
        Name of its class, and of the library that this comes from.
    train_inputs
        The images it was trained on, as an input set.
    train_images
        These images.
    representation
        How 8-bit images become the events of the density.
    """

    name: str
    model: Any
    label: str
    family: str
    train_inputs: InputSet
    train_images: ImageSet
    representation: Representation

    @property
    def train_set(self) -> str:
        """Name of the data set it was trained on."""
        return self.train_inputs.set_name

    @property
    def training_input(self) -> InputSet:
        """The training images as an input set, which all others are held against."""
        return self.train_inputs

    @cached_property
    def _digest(self) -> str:
        digest = hashlib.sha256(self.name.encode())
        state = self.model.state_dict() if isinstance(self.model, nn.Module) else {}
        with torch.no_grad():
            log_p = LogDensity.of(self.model)(_some_of(self.train_images, self.representation))
        for tensor in (*state.values(), log_p):
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def identity(self) -> dict[str, str]:
        """SHA-256 of weights and some values of log p, and of the training images: what any result depends on."""
        low, high = self.representation.values
        scale = f"{low:g} to {high:g} in {self.representation.levels} levels"
        return {"model": self._digest, "train_images": self.train_images.checksum, "values": scale}


def load_own_model(
    name: str,
    arguments: Mapping[str, Any],
    train_inputs: str | None,
    value_range: tuple[float, float] | None = None,
    levels: int = LEVELS,
) -> OwnModel:
    """Import a model, adapt it if it is of another library, and read its training images.

    A model of vectors gets its images flattened.

    Parameters
    ----------
    name
        ``package.module:factory``.
    arguments
        What the factory is called with, by name.
    train_inputs
        Name of the input set that it was trained on.
    value_range, levels
        The scale of the values that the model takes, and of floats in files, and its number of levels. Without them the
        model's own `representation`, or else 256 levels of [0, 1].

    Raises
    ------
    ConfigError, UnknownNameError
        If it cannot be imported, or the training images are not named.
    ToolkitError
        Of the kinds that `adapt`, `curvature.expand` and `load_image_set` raise.
    """
    if train_inputs is None:
        raise ConfigError(
            f"--train-inputs: {name} does not say what it was trained on; name an input set, such as cifar10/train or "
            "FILE.npz:KEY"
        )
    parse_input_set(train_inputs)
    require_inputs([train_inputs])
    inputs = parse_input_set(train_inputs, default_split="train")
    if inputs.is_generated or inputs.transforms:
        raise ConfigError(f"--train-inputs: expected a data set without transforms, got {train_inputs}")
    made = _imported(name, arguments)
    represented = representation_of(made)
    if value_range is not None or levels != LEVELS:
        represented = Representation.of_values(*(value_range or (0.0, 1.0)), levels)
    images = load_image_set(inputs.set_name, inputs.split, representation=represented)
    return OwnModel(
        name=name,
        model=_for_events(made, _some_of(images, represented), name),
        label=type(made).__name__,
        family=type(made).__module__.partition(".")[0],
        train_inputs=inputs,
        train_images=images,
        representation=represented,
    )


def load_own_density(name: str, arguments: Mapping[str, Any], x: Float[Tensor, " N *event"]) -> Any:
    """Import a model, and adapt it if it is of another library, for events like these.

    A model of vectors gets events of other shapes flattened.

    Parameters
    ----------
    name, arguments
        As for `load_own_model`.
    x
        Some events in the units of its input.

    Raises
    ------
    ConfigError, UnknownNameError
        If it cannot be imported.
    ToolkitError
        Of the kinds that `adapt` and `curvature.expand` raise.
    """
    return _for_events(_imported(name, arguments), x[:PROBED_IMAGES].double(), name)


def _imported(name: str, arguments: Mapping[str, Any]) -> Any:
    """Import the model; a library that is missing is named with the command that installs it."""
    try:
        return import_model(name, arguments)
    except ConfigError as error:
        missing = error.__cause__.name if isinstance(error.__cause__, ModuleNotFoundError) else None
        for adapter in adapters():
            if missing is not None and missing.partition(".")[0] == adapter.library:
                raise ConfigError(f"{error}; to install it: {adapter.install_command}") from error
        raise


def _for_events(made: Any, x: Tensor, name: str) -> Any:
    """Adapt what was made to events: as it is, or with its events flattened."""
    model = adapt(made) if is_adaptable(made) else made
    try:
        _evaluate(model, x)
    except (ToolkitError, ArithmeticError, AssertionError, LookupError, RuntimeError, TypeError, ValueError) as error:
        if not isinstance(model, nn.Module):
            raise OptionError(f"{name}: fails on events of shape {list(x.shape)} ({_told(error)})") from error
        flattened = FlattenedModel(model, tuple(x.shape[1:]))
        try:
            _evaluate(flattened, x)
        except (ToolkitError, ArithmeticError, AssertionError, LookupError, RuntimeError, TypeError, ValueError):
            raise OptionError(
                f"{name}: takes neither events of shape {list(x.shape)} ({_told(error)}) nor vectors of "
                f"{x[0].numel()} numbers; make the factory return a model of these events"
            ) from error
        return flattened
    return model


@torch.no_grad()
def _evaluate(model: Any, x: Tensor) -> Tensor:
    return LogDensity.of(model)(x)


def _some_of(images: ImageSet, representation: Representation) -> Tensor:
    return representation(images.head(PROBED_IMAGES), torch.Generator().manual_seed(0), torch.float64)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
