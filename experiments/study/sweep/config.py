"""The settings of a sweep. No torch here: the command line shows the fields as options and must start at once."""

from dataclasses import dataclass

from experiments.settings import (
    ImageCount,
    NodeCount,
    PatchSize,
    PointCount,
    Seed,
    StepCount,
    require_ranges,
    require_setting,
)
from experiments.study.configuration import ComparisonConfig


@dataclass(frozen=True)
class SweepConfig:
    """Every train set with every model and every seed: one job each, which trains and then compares.

    Raises
    ------
    ConfigError
        If a setting is empty or lies outside its range.
    """

    train_sets: tuple[str, ...]
    """Data sets of the catalog to train on."""
    models: tuple[str, ...] = ("laptop",)
    """Presets of model and training: laptop, gpu, paper, or one for another family, such as realnvp."""
    seeds: tuple[Seed, ...] = (0,)
    """Seeds of initial weights, order of the images and dequantisation noise in training."""
    inputs: tuple[str, ...] = ()
    """Input sets to compare after training, named as for compare; none: only train."""
    n_images: ImageCount = 512
    """Images of each input set, and of the training set that they are compared with."""
    nodes: tuple[NodeCount, ...] = (1, 2, 3)
    """Gauss-Jacobi nodes of the path rungs: path-n for each n."""
    rungs: tuple[str, ...] = ()
    """Names of the rungs; all that the model allows unless given."""
    mean_curvature_points: PointCount = 8
    """Training images that the rung mean-curvature averages the Hessian over; 0 leaves the rung out."""
    patch_size: PatchSize = 8
    """Height and width of embedded image patches, in pixels."""
    steps: StepCount | None = None
    """Training steps of every job; the preset's own unless given."""

    def __post_init__(self) -> None:
        for name in ("train_sets", "models", "seeds"):
            require_setting(self, "sweep", name, bool(getattr(self, name)), "at least one")
        require_ranges(self, "sweep")

    def comparison(self) -> ComparisonConfig | None:
        """What every job compares, None where jobs only train.

        The seed is the same for all jobs, so that all see the same images with the same noise and differences between
        their likelihoods are the models' alone.
        """
        if not self.inputs:
            return None
        return ComparisonConfig(
            inputs=self.inputs,
            n_images=self.n_images,
            nodes=self.nodes,
            rungs=self.rungs,
            mean_curvature_points=self.mean_curvature_points,
            seed=0,
        )
