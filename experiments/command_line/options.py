"""The options of every command. This module does not import torch, so that `--help` answers at once."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import tyro

from experiments.command_line.own_model_options import OwnModelOptions
from experiments.command_line.paths import ExistingDirectory, OutputDirectory, RunOrName, TrainedRun
from experiments.models.config import ModelConfig
from experiments.models.registry import configuration
from experiments.paper.gaps.config import GapsConfig
from experiments.settings import ImageCount, ProcessCount
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
    """Train a flow on each of two photographs, and compare predicted with measured likelihood gaps."""

    out: OutputDirectory = Path("runs/demo")
    """Directory of the two run directories. Finished parts are not computed again."""
    n_images: ImageCount = 512
    """Number of images of each input set."""
    jobs: ProcessCount = 2
    """Number of processes, one thread each; 1 trains the two flows one after the other."""
    model: ModelConfig = DEMO_MODEL
    """The flow."""
    training: TrainingConfig = DEMO_TRAINING
    """How it is trained."""


@dataclass(frozen=True)
class TrainOptions:
    """Train a constant-volume flow on an image set."""

    out: OutputDirectory | None = None
    """The run directory; runs/TRAIN_SET by default."""
    resume: ExistingDirectory | None = None
    """Continue the run in this directory from its checkpoint, with its own configuration."""
    preset: str | None = None
    """laptop, gpu, paper, or one for another family such as realnvp: what to start from; other options change it."""
    config: Annotated[ExperimentConfig, tyro.conf.arg(name="")] = field(default_factory=ExperimentConfig)
    """Data, model and training."""
    data_root: ExistingDirectory | None = None
    """Directory of the data sets; LIKELIHOOD_CURVATURE_DATA by default."""


@dataclass(frozen=True)
class CompareOptions:
    """Predict the likelihood gaps of input sets under a trained flow, and compare them with the measured ones."""

    model: RunOrName
    """Name of a reference model (such as cifar10), the run directory of a trained flow, or package.module:factory."""
    own: Annotated[OwnModelOptions, tyro.conf.arg(name="")] = field(default_factory=OwnModelOptions)
    """How your own model is made, and what it was trained on."""
    out: OutputDirectory | None = None
    """Directory for tables and figures; by default the run directory, for any other model runs/compare-NAME."""
    device: Literal["auto", "cpu", "cuda"] = "cpu"
    """Where to compute; auto takes a CUDA device if there is one. Results differ by rounding only."""
    config: Annotated[ComparisonConfig, tyro.conf.arg(name="")] = field(default_factory=ComparisonConfig)
    """Input sets, images, rungs and seed."""
    data_root: ExistingDirectory | None = None
    """Directory of the data sets; LIKELIHOOD_CURVATURE_DATA by default."""


@dataclass(frozen=True)
class TrajectoryOptions:
    """Compare predicted with measured likelihood gaps at every snapshot of a run, and report when the order settled."""

    model: TrainedRun
    """The run directory of a flow that was evaluated during training."""
    out: OutputDirectory | None = None
    """Directory for tables and figures; the run directory itself by default."""
    config: Annotated[TrajectoryConfig, tyro.conf.arg(name="")] = field(default_factory=TrajectoryConfig)
    """Input sets, steps, images, nodes and seed."""
    data_root: ExistingDirectory | None = None
    """Directory of the data sets; LIKELIHOOD_CURVATURE_DATA by default."""


@dataclass(frozen=True)
class ExplainOptions:
    """Split a trained flow's predicted gaps by layers, frequencies and directions, and find how far they are valid."""

    model: RunOrName
    """Name of a reference model (such as cifar10), the run directory of a trained flow, or package.module:factory."""
    own: Annotated[OwnModelOptions, tyro.conf.arg(name="")] = field(default_factory=OwnModelOptions)
    """How your own model is made, and what it was trained on."""
    out: OutputDirectory | None = None
    """Directory for tables and figures; by default the run directory, for any other model runs/explain-NAME."""
    config: Annotated[ExplanationConfig, tyro.conf.arg(name="")] = field(default_factory=ExplanationConfig)
    """Input sets, images, bands, eigenpairs and seed."""
    data_root: ExistingDirectory | None = None
    """Directory of the data sets; LIKELIHOOD_CURVATURE_DATA by default."""


@dataclass(frozen=True)
class SweepOptions:
    """Train and compare for every train set, model and seed, on worker processes here or on a cluster."""

    config: Annotated[SweepConfig, tyro.conf.arg(name="")]
    """Train sets, models, seeds and inputs."""
    out: OutputDirectory = Path("runs/sweep")
    """Directory of the run directories and the table. Finished jobs are not run again."""
    workers: ProcessCount | None = None
    """Number of worker processes on this machine, one thread each; by default the number of processors."""
    scheduler: str | None = None
    """Address of a running scheduler of the library distributed; its workers run the jobs instead."""
    data_root: ExistingDirectory | None = None
    """Directory of the data sets, also for the workers; LIKELIHOOD_CURVATURE_DATA by default."""


@dataclass(frozen=True)
class ExportOptions:
    """Export a finished run as a reference model: weights, record, measured likelihoods and a model card."""

    run: tyro.conf.Positional[TrainedRun]
    """The run directory."""
    name: tyro.conf.Positional[str]
    """The name of the model."""
    out: OutputDirectory = Path("models")
    """Directory in which NAME/ is written. Models in LIKELIHOOD_CURVATURE_MODELS can be used by their names."""
    replace: bool = False
    """Replace a model of that name."""
    n_images: ImageCount = 1000
    """Number of images of each input set in the card's table of likelihoods."""
    data_root: ExistingDirectory | None = None
    """Directory of the data sets; LIKELIHOOD_CURVATURE_DATA by default."""


@dataclass(frozen=True)
class GapsOptions:
    """Measure and predict the likelihood gaps of the paper's pairs of data sets, from the reference models."""

    out: OutputDirectory = Path("results")
    """Directory for tables, report and figure."""
    work: OutputDirectory = Path("runs/gaps")
    """Directory of finished stages, which are not computed again."""
    pairs: tuple[str, ...] = ()
    """Pairs TRAIN:OTHER, such as cifar10:svhn, where TRAIN is also the model's name. Default: the paper's pairs."""
    jobs: ProcessCount = 1
    """Number of processes, one thread each; each works on one model at a time."""
    config: Annotated[GapsConfig, tyro.conf.arg(name="")] = field(default_factory=GapsConfig)
    """Numbers of images, rungs and seed."""
    data_root: ExistingDirectory | None = None
    """Directory of the data sets; LIKELIHOOD_CURVATURE_DATA by default."""
