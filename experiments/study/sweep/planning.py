"""The table of jobs: one for every train set, model and seed, each with a run directory of its own."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from curvature.errors import ConfigError
from curvature.names import require_known
from experiments.data.registry import DESCRIPTIONS
from experiments.study.configuration import ComparisonConfig, ExperimentConfig
from experiments.study.rungs import RungSettings, require_rungs
from experiments.study.samples import read_input_names
from experiments.study.sweep.config import SweepConfig

ExperimentOf = Callable[[str, str, int, int], ExperimentConfig]
"""Makes a training run's configuration from preset, train set, seed and patch size (pixels)."""


@dataclass(frozen=True)
class Job:
    """Train in one run directory, then compare there."""

    path: Path
    """The run directory, absolute: workers have another working directory."""
    preset: str
    """Name of the model's preset."""
    experiment: ExperimentConfig
    """Data, model and training."""
    comparison: ComparisonConfig | None
    """What is compared after training; None for nothing."""

    @property
    def name(self) -> str:
        """The run directory's name: train set, model and seed."""
        return self.path.name

    @property
    def train_set(self) -> str:
        """What the flow is trained on."""
        return self.experiment.data.train_set

    @property
    def seed(self) -> int:
        """Seed of the training."""
        return self.experiment.training.seed


def plan_jobs(config: SweepConfig, out: Path, experiment_of: ExperimentOf) -> tuple[Job, ...]:
    """List the jobs of a sweep, after checking every name in it.

    Parameters
    ----------
    config
        Train sets, models, seeds and inputs.
    out
        The sweep's directory; a job's run directory is ``<out>/<train set>-<model>-<seed>``.
    experiment_of
        Makes the configuration of one training run, such as `experiments.paper.presets.preset_experiment`.

    Raises
    ------
    UnknownNameError
        If there is no such train set, preset, input set or rung; the message suggests the nearest name.
    ConfigError
        If two jobs would share a run directory.
    """
    for train_set in config.train_sets:
        require_known("data set", train_set, DESCRIPTIONS)
    read_input_names(config.inputs)
    require_rungs(RungSettings(config.nodes, rungs=config.rungs or None))
    out = out.expanduser().absolute()
    jobs = []
    for train_set, model, seed in product(config.train_sets, config.models, config.seeds):
        experiment = experiment_of(model, train_set, seed, config.patch_size)
        if config.steps is not None:
            experiment = _shortened(experiment, config.steps)
        jobs.append(Job(out / f"{train_set}-{model}-{seed}", model, experiment, config.comparison()))
    _require_directories_of_their_own(jobs)
    return tuple(jobs)


def _shortened(experiment: ExperimentConfig, steps: int) -> ExperimentConfig:
    """Train for this many steps, with no more warm-up than that."""
    training = experiment.training
    return replace(experiment, training=replace(training, steps=steps, warmup_steps=min(training.warmup_steps, steps)))


def _require_directories_of_their_own(jobs: list[Job]) -> None:
    taken: dict[Path, Job] = {}
    for job in jobs:
        other = taken.setdefault(job.path, job)
        if other is not job:
            raise ConfigError(
                f"two jobs would share the directory {job.path} (train set {other.train_set}, model {other.preset}, "
                f"seed {other.seed}; train set {job.train_set}, model {job.preset}, seed {job.seed}); "
                "name every train set, model and seed once"
            )
