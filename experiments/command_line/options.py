"""The options of every command. No torch here: `--help` must answer at once."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from experiments.models.config import ModelConfig
from experiments.models.registry import configuration
from experiments.paper.gaps.config import GapsConfig
from experiments.study.configuration import ComparisonConfig, ExperimentConfig, ExplanationConfig, TrajectoryConfig
from experiments.study.sweep.config import SweepConfig
from experiments.training.config import TrainingConfig

# The demo's model and training, tuned for 8 x 8 colour patches: about a minute on one core for each of the two flows.
DEMO_MODEL = configuration("glow", levels=2, steps=6, width=32)
DEMO_TRAINING = TrainingConfig(
    steps=2400, batch_size=32, optimizer="adam", learning_rate=5e-3, warmup_steps=50, ema_decay=0.995, device="cpu"
)


@dataclass(frozen=True)
class DemoOptions:
    """Train on two photographs in turn, predict likelihood gaps, and hold them against the measured ones."""

    out: Path = Path("runs/demo")
    """Where the two run directories are written; what is finished there is not done again."""
    n_images: int = 512
    """Images of each input set."""
    jobs: int = 2
    """Processes, one thread each; 1 runs the two directions one after the other."""
    model: ModelConfig = DEMO_MODEL
    """The flow."""
    training: TrainingConfig = DEMO_TRAINING
    """How it is trained."""


@dataclass(frozen=True)
class TrainOptions:
    """Train a constant-volume flow on an image set."""

    out: Path | None = None
    """The run directory; runs/TRAIN_SET by default."""
    resume: Path | None = None
    """Go on with this run from its checkpoint; its own configuration holds."""
    preset: str | None = None
    """laptop, gpu or paper: start from these sizes and training settings, which all other options then change."""
    config: Annotated[ExperimentConfig, tyro.conf.arg(name="")] = field(default_factory=ExperimentConfig)
    """Data, model and training."""
    data_root: Path | None = None
    """Directory of the data sets; LIKELIHOOD_CURVATURE_DATA by default."""


@dataclass(frozen=True)
class CompareOptions:
    """Predict the likelihood gaps of input sets under a trained flow, and hold them against the measured ones."""

    model: str
    """Name of a reference model (such as cifar10), the run directory of a trained flow, or package.module:factory."""
    model_args: tuple[str, ...] = ()
    """KEY=VALUE for each argument of your factory; values are read as Python literals, else as text."""
    train_inputs: str | None = None
    """What your own model was trained on: SET/train, FILE.npy, FILE.npz or FILE.npz:KEY."""
    out: Path | None = None
    """Where tables and figures are written; by default the run directory, for any other model runs/compare-NAME."""
    config: Annotated[ComparisonConfig, tyro.conf.arg(name="")] = field(default_factory=ComparisonConfig)
    """Input sets, images, rungs and seed."""
    data_root: Path | None = None
    """Directory of the data sets; LIKELIHOOD_CURVATURE_DATA by default."""


@dataclass(frozen=True)
class TrajectoryOptions:
    """Follow predicted and measured likelihood gaps at every snapshot of a run, and say whether the order held."""

    model: Path
    """The run directory of a flow that was evaluated during training."""
    out: Path | None = None
    """Where tables and figures are written; the run directory itself by default."""
    config: Annotated[TrajectoryConfig, tyro.conf.arg(name="")] = field(default_factory=TrajectoryConfig)
    """Input sets, steps, images, nodes and seed."""
    data_root: Path | None = None
    """Directory of the data sets; LIKELIHOOD_CURVATURE_DATA by default."""


@dataclass(frozen=True)
class ExplainOptions:
    """Say where a trained flow's predicted gaps are made (layers, frequencies, directions) and how far they hold."""

    model: str
    """Name of a reference model (such as cifar10), the run directory of a trained flow, or package.module:factory."""
    model_args: tuple[str, ...] = ()
    """KEY=VALUE for each argument of your factory; values are read as Python literals, else as text."""
    train_inputs: str | None = None
    """What your own model was trained on: SET/train, FILE.npy, FILE.npz or FILE.npz:KEY."""
    out: Path | None = None
    """Where tables and figures are written; by default the run directory, for any other model runs/explain-NAME."""
    config: Annotated[ExplanationConfig, tyro.conf.arg(name="")] = field(default_factory=ExplanationConfig)
    """Input sets, images, bands, eigenpairs and seed."""
    data_root: Path | None = None
    """Directory of the data sets; LIKELIHOOD_CURVATURE_DATA by default."""


@dataclass(frozen=True)
class SweepOptions:
    """Train and compare for every train set, model and seed, on worker processes here or on a cluster."""

    config: Annotated[SweepConfig, tyro.conf.arg(name="")]
    """Train sets, models, seeds and inputs."""
    out: Path = Path("runs/sweep")
    """Where the run directories and the table are written; what is finished there is not done again."""
    workers: int | None = None
    """Worker processes on this machine, one thread each; by default as many as there are processors."""
    scheduler: str | None = None
    """Address of a running scheduler of distributed, whose workers do the jobs instead."""
    data_root: Path | None = None
    """Directory of the data sets; LIKELIHOOD_CURVATURE_DATA by default. Workers look there, too."""


@dataclass(frozen=True)
class ExportOptions:
    """Make a reference model of a finished run: weights, record, measured likelihoods and a model card."""

    run: tyro.conf.Positional[Path]
    """The run directory."""
    name: tyro.conf.Positional[str]
    """What the model shall be called."""
    out: Path = Path("models")
    """Where NAME/ is written. Models in the directory LIKELIHOOD_CURVATURE_MODELS can be used by name."""
    replace: bool = False
    """Put it in the place of a model of that name."""
    n_images: int = 1000
    """Images of each input set in the card's table of likelihoods."""
    data_root: Path | None = None
    """Directory of the data sets; LIKELIHOOD_CURVATURE_DATA by default."""


@dataclass(frozen=True)
class GapsOptions:
    """Measure and predict the likelihood gaps of the paper's pairs of data sets, from the reference models."""

    out: Path = Path("results")
    """Where tables, report and figure are written."""
    work: Path = Path("runs/gaps")
    """Where finished stages are kept; they are not done again."""
    pairs: tuple[str, ...] = ()
    """Pairs TRAIN:OTHER, such as cifar10:svhn; TRAIN is the model's name. Default: the paper's."""
    jobs: int = 1
    """Processes, one thread each, over the models."""
    config: Annotated[GapsConfig, tyro.conf.arg(name="")] = field(default_factory=GapsConfig)
    """Numbers of images, rungs and seed."""
    data_root: Path | None = None
    """Directory of the data sets; LIKELIHOOD_CURVATURE_DATA by default."""


@dataclass(frozen=True)
class VerifyOptions:
    """Put the claims of the theory to random flows and to sympy: verdicts, and the smallest counterexamples."""

    examples: int = 8
    """Random flows a claim, and three times as many of the smallest ones; shrinking a counterexample takes more."""
    seed: int = 0
    """The same seed draws the same cases."""
    claims: tuple[str, ...] = ()
    """Names of the claims to test; all by default, with the statements that sympy decides alone."""
    json: Path | None = None
    """Write everything to this file as well."""
