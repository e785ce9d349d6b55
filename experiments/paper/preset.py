"""What a preset is: a model for each of the paper's two image shapes, and how it is trained. No torch here."""

from dataclasses import dataclass

from experiments.models.config import ModelConfig
from experiments.training.config import TrainingConfig


@dataclass(frozen=True)
class Preset:
    """One choice of model and training, for images of each of the paper's two shapes."""

    name: str
    """What it is called at the command line."""
    purpose: str
    """Machine and time that it is made for."""
    gray: ModelConfig
    """The model for 1 x 28 x 28 images."""
    colour: ModelConfig
    """The model for 3 x 32 x 32 images."""
    training: TrainingConfig
    """How either is trained."""
    colour_steps: int | None = None
    """Training steps on colour images, where they are not those of `training`."""
