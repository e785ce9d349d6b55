"""An ensemble of models that were trained in runs of their own.

``likelihood-curvature compare --model experiments.study.ensemble_of_runs:ensemble_of_runs`` takes it as one's own
model, with ``--model-args 'runs=["runs/a", "runs/b"]'``.
"""

from collections.abc import Sequence
from pathlib import Path

from curvature.errors import ConfigError
from experiments.models.families.ensemble.model import Ensemble
from experiments.study.trained_model import TrainedModel, load_run


def ensemble_of_runs(runs: Sequence[Path | str]) -> Ensemble:
    """Average the densities of the models of several runs, of one family and training set.

    Parameters
    ----------
    runs
        Run directories of finished trainings, such as those of a sweep over seeds.

    Returns
    -------
    Ensemble
        In evaluation mode, with the averaged weights of every run.

    Raises
    ------
    ConfigError
        If the runs differ in family or training set, or two have the same weights.
    TooFewSamplesError
        If there are fewer than two.
    RunDirectoryError, CheckpointError, ShapeError
        As `experiments.study.trained_model.load_run` and `Ensemble` raise them.
    """
    trained = [load_run(path) for path in runs]
    _require_one("family", [(each, each.family) for each in trained])
    _require_one("training set", [(each, each.train_set) for each in trained])
    _require_one("training images", [(each, each.train_images.checksum) for each in trained])
    digests = [each.identity()["checkpoint"] for each in trained]
    if len(set(digests)) < len(digests):
        raise ConfigError(f"runs of an ensemble: two of {', '.join(map(str, runs))} have the same weights")
    ensemble = Ensemble([each.model for each in trained])
    ensemble.eval()
    return ensemble


def _require_one(what: str, found: Sequence[tuple[TrainedModel, str]]) -> None:
    if len({value for _, value in found}) > 1:
        told = ", ".join(f"{each.run.path}: {value:.20}" for each, value in found)
        raise ConfigError(f"runs of an ensemble: expected one {what}, got {told}")
