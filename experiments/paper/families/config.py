"""Which families are trained, on what, and how they are compared. No torch here."""

from dataclasses import dataclass

from experiments.paper.presets import PRESETS
from experiments.settings import ImageCount, Seed, StepCount, require_ranges, require_setting
from experiments.study.sweep.config import SweepConfig

PREFIX = "small-"
SMALL_PRESETS = tuple(name for name in PRESETS if name.startswith(PREFIX))
RUNGS = ("full", "taylor2", "path-3")


@dataclass(frozen=True)
class FamiliesConfig:
    """The settings of a study of families.

    Raises
    ------
    ConfigError
        If a setting is empty or lies outside its range.
    """

    models: tuple[str, ...] = SMALL_PRESETS
    """Presets of the models: all small ones, one or more for each family."""
    n_images: ImageCount = 200
    """Images of each input set, and of the training set that they are compared with."""
    seed: Seed = 0
    """Seed of initial weights, order of the images and dequantisation noise in training."""
    steps: StepCount | None = None
    """Training steps of every model; the preset's own unless given."""

    def __post_init__(self) -> None:
        require_setting(self, "families", "models", bool(self.models), "at least one")
        require_ranges(self, "families")

    def sweep(self, train_set: str, other_set: str) -> SweepConfig:
        """Train every model on one set, and compare the other one, grayed and constant images with it."""
        return SweepConfig(
            train_sets=(train_set,),
            models=self.models,
            seeds=(self.seed,),
            inputs=(train_set, other_set, f"{train_set}:contrast=0.5", "constant=128"),
            n_images=self.n_images,
            nodes=(3,),
            rungs=RUNGS,
            mean_curvature_points=0,
            steps=self.steps,
        )
