"""Tiny trained flows to export."""

from experiments.models.registry import configuration
from experiments.storage.run_directory import RunDirectory
from experiments.study.configuration import DataConfig, EvaluationConfig, ExperimentConfig
from experiments.study.training import train_run
from experiments.training.config import TrainingConfig


def train_tiny(path, train_set, seed=0, steps=4):
    """A finished run of a tiny flow on an embedded set."""
    config = ExperimentConfig(
        DataConfig(train_set),
        configuration("glow", levels=1, steps=2, width=4),
        TrainingConfig(steps=steps, batch_size=8, warmup_steps=1, log_every=2, device="cpu", seed=seed),
        EvaluationConfig(n_images=8, per_decade=1),
    )
    run = RunDirectory.create(path, config)
    train_run(run)
    return run
