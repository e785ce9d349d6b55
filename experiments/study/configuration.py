"""What an experiment is made of, as frozen dataclasses whose fields are the command line's options. No torch here."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from experiments.models.config import ModelConfig
from experiments.models.registry import configuration
from experiments.settings import ImageCount, NodeCount, PatchSize, PointCount, Range, Seed, StepCount, require_ranges
from experiments.training.config import TrainingConfig


@dataclass(frozen=True)
class DataConfig:
    """What the flow is trained on.

    Raises
    ------
    ConfigError
        If the patch size lies outside its range.
    """

    train_set: str = "china"
    """Name of the data set in the catalog, or your FILE.npy, FILE.npz or FILE.npz:KEY."""
    patch_size: PatchSize = 8
    """Height and width of the embedded image patches, in pixels."""

    def __post_init__(self) -> None:
        require_ranges(self, "data")


@dataclass(frozen=True)
class EvaluationConfig:
    """What is measured while the flow is trained; changes nothing about the training.

    Raises
    ------
    ConfigError
        If a setting lies outside its range.
    """

    inputs: tuple[str, ...] = ()
    """Input sets, named as for compare. Default: the training set's own training and test images."""
    n_images: ImageCount = 512
    """Images of each input set."""
    per_decade: Annotated[int, Range(0, 1000)] = 4
    """Evaluations per tenfold number of steps (4: after steps 1, 2, 3, 6, 10, 18, ... and the last); 0 for none."""

    def __post_init__(self) -> None:
        require_ranges(self, "evaluation")


@dataclass(frozen=True)
class ExperimentConfig:
    """One training run: data, model, training and what is measured meanwhile."""

    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=configuration)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)


ExpansionPoint = Literal["mean", "mode"]


@dataclass(frozen=True)
class ComparisonConfig:
    """How predicted and measured likelihoods are compared.

    Raises
    ------
    ConfigError
        If a setting lies outside its range.
    """

    inputs: tuple[str, ...] = ()
    """Input sets, each SET[/SPLIT][:contrast=LAMBDA | :luminance], constant=VALUE or noise=uniform; SET may be your own
    FILE.npy, FILE.npz or FILE.npz:KEY of images [N, C, H, W], uint8 or floats in [0, 1]. Default: the training set's
    own test images, original and grayed, constants, noise, and other sets: the embedded ones, or for a real training
    set those of the paper's pairs that are at hand and fit."""
    n_images: ImageCount = 512
    """Images of each input set, and of the training set that they are compared with."""
    nodes: tuple[NodeCount, ...] = (1, 2, 3)
    """Gauss-Jacobi nodes of the path rungs: path-n for each n."""
    rungs: tuple[str, ...] = ()
    """Names of the rungs; all that the model allows unless given."""
    expansion_point: ExpansionPoint = "mean"
    """x0: the mean of the training images, or the mode that ascent of log p finds from there among images."""
    mean_curvature_points: PointCount = 8
    """Training images that the rung mean-curvature averages the Hessian over; 0 leaves the rung out."""
    seed: Seed = 0
    """Seed of the dequantisation noise and of generated noise images."""

    def __post_init__(self) -> None:
        require_ranges(self, "comparison")


@dataclass(frozen=True)
class TrajectoryConfig:
    """How predicted and measured likelihoods are followed over the course of training.

    Raises
    ------
    ConfigError
        If a setting lies outside its range.
    """

    inputs: tuple[str, ...] = ()
    """Input sets, named as for compare. Default: those that were evaluated during training, without the training
    images; where only the training set's own were, compare's default."""
    steps: tuple[StepCount, ...] = ()
    """Steps whose snapshots are taken. Default: all that there are."""
    n_images: ImageCount = 256
    """Images of each input set, and of the training set that they are compared with."""
    nodes: tuple[NodeCount, ...] = (1, 2, 3)
    """Gauss-Jacobi nodes of the path rungs: path-n for each n."""
    seed: Seed = 0
    """Seed of the dequantisation noise and of generated noise images."""

    def __post_init__(self) -> None:
        require_ranges(self, "trajectory")


@dataclass(frozen=True)
class ExplanationConfig:
    """What is asked about where a predicted gap is made.

    Raises
    ------
    ConfigError
        If a setting lies outside its range.
    """

    inputs: tuple[str, ...] = ()
    """Input sets, named as for compare; the same default."""
    n_images: ImageCount = 512
    """Images of each input set, and of the training set."""
    bands: Annotated[int, Range(1, 1024)] = 5
    """Bands of spatial frequency beside the constant one."""
    eigenpairs: Annotated[int, Range(1, 1000)] = 5
    """Eigenvalues of the Hessian at each end of its spectrum."""
    seed: Seed = 0
    """Seed of the dequantisation noise and of generated noise images."""

    def __post_init__(self) -> None:
        require_ranges(self, "explanation")
