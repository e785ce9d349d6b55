"""Train a flow and compare it with other inputs, unless that is done already, as the sweep's jobs and the demo do."""

from collections.abc import Collection
from functools import partial

from experiments.storage.directory_lock import SECONDS_FOR_ANOTHER_TO_END, directory_lock
from experiments.storage.run_directory import RunDirectory
from experiments.storage.stages import Stage, changed_outputs, run_stage, set_aside
from experiments.study import comparison
from experiments.study.comparison import compare_inputs
from experiments.study.configuration import ComparisonConfig, ExperimentConfig
from experiments.study.progress import Progress
from experiments.study.trained_model import load_run, load_train_images
from experiments.study.training import train_run
from experiments.training.progress import Progress as TrainingProgress

VERSION = 1
CHECKPOINT, LOG = "checkpoint.safetensors", "log.csv"
OUTPUTS = (CHECKPOINT, LOG, "environment.json")


def train_and_compare(
    run: RunDirectory, experiment: ExperimentConfig, config: ComparisonConfig | None, progress: Progress
) -> tuple[str, ...]:
    """Train in a run directory, from its last checkpoint on, and compare there.

    Parameters
    ----------
    run
        The run directory, made with `experiment` as its configuration.
    experiment
        Data, model and training.
    config
        What is compared after training; None for nothing.
    progress
        Counts steps, then images.

    Returns
    -------
    tuple
        Names of the files that are there now.

    Raises
    ------
    ToolkitError
        Of the kinds that `train_run` and `compare_inputs` raise.
    KeyboardInterrupt
        If `progress` raised it. Raised while training, it makes a TrainingInterrupted, and a checkpoint is kept.
    """
    made_from = {"experiment": experiment, "train_images": load_train_images(experiment).checksum}
    stage = Stage("train", VERSION, made_from, OUTPUTS)
    with directory_lock(run.path, SECONDS_FOR_ANOTHER_TO_END):
        run_stage(run, stage, partial(_train, run, frozenset(changed_outputs(run, stage)), progress), progress.say)
        if config is not None:
            compare_inputs(load_run(run.path), config, run, progress)
    return files_made(config)


def files_made(config: ComparisonConfig | None) -> tuple[str, ...]:
    """Names of the files that `train_and_compare` makes with this comparison, or with none."""
    return OUTPUTS if config is None else (*OUTPUTS, *comparison.OUTPUTS)


def _train(run: RunDirectory, changed: Collection[str], progress: Progress) -> None:
    """Go on from the last checkpoint, or from the start if the checkpoint or the log was changed after training."""
    if not {CHECKPOINT, LOG}.isdisjoint(changed):
        set_aside(run.checkpoint_path, progress.say)
    train_run(run, resume=True, progress=training_progress(progress))


def training_progress(progress: Progress) -> TrainingProgress:
    """Make progress of training that a study's progress shows: steps, loss, speed and time left."""

    def report(step: int, steps: int, bits_per_dim: float, images_per_second: float, seconds_left: float) -> None:
        left = f"{images_per_second:.0f} images/s, {seconds_left:.0f} s left"
        progress(step, steps, f"training: {bits_per_dim:.3f} bits/dim, {left}")

    return report
