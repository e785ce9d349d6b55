import pytest

from experiments.models.families.glow.config import GlowConfig
from experiments.storage.run_directory import RunDirectory
from experiments.study.configuration import DataConfig, EvaluationConfig, ExperimentConfig
from experiments.study.progress import Progress
from experiments.study.trained_model import load_run
from experiments.study.training import train_run
from experiments.training.config import TrainingConfig


@pytest.fixture(scope="session")
def tiny_experiment_config():
    return ExperimentConfig(
        DataConfig("digits"),
        GlowConfig(levels=1, steps=1, width=4),
        TrainingConfig(steps=4, batch_size=8, warmup_steps=1, log_every=1, device="cpu"),
        EvaluationConfig(per_decade=0),
    )


@pytest.fixture(scope="session")
def trained(tmp_path_factory, tiny_experiment_config):
    """A flow of four steps on digits; tests must leave its run directory as it is."""
    run = RunDirectory.create(tmp_path_factory.mktemp("runs") / "digits", tiny_experiment_config)
    train_run(run)
    return load_run(run.path)


class Watcher:
    """Keeps what a progress is told."""

    def __init__(self):
        self.shown, self.said = [], []

    @property
    def progress(self):
        return Progress(lambda *report: self.shown.append(report), self.said.append)


@pytest.fixture
def watcher():
    return Watcher()
