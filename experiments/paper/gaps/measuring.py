"""One model's part: bits per dimension of all it is shown, on many images, and the ladder of every gap, on fewer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import pandas as pd
from jaxtyping import Float
from torch import Tensor

from analysis.comparison import Provenance, compare
from analysis.inputs import parse_input_set
from analysis.likelihood import measure, summarize_likelihood
from curvature import Ladder, SampleTerms, Viewpoint, look_from, sample_terms
from experiments.paper.gaps.config import GapsConfig
from experiments.paper.gaps.shown import Shown
from experiments.paper.reference_models.loading import load_model
from experiments.storage.run_directory import RunDirectory
from experiments.storage.serialisation import to_plain
from experiments.study.comparing import expansion_of
from experiments.study.inputs import load_inputs
from experiments.study.trained_model import TrainedModel

Progress = Callable[[str], None]


@dataclass(frozen=True)
class ModelJob:
    """All that one process needs to measure one model."""

    model: str
    """Name of the reference model."""
    shown: tuple[Shown, ...]
    """What it is shown; the training images first."""
    checksums: Mapping[str, str]
    """SHA-256 of the images of each split shown, by its label."""
    config: GapsConfig
    """Numbers of images, rungs and seed."""
    work: Path
    """Directory of the stages; each model has its own in it."""

    @property
    def run(self) -> RunDirectory:
        """Where the stages of this model are kept."""
        return RunDirectory(self.work / self.model)


def measure_model(job: ModelJob, progress: Progress) -> None:
    """Do every stage of a model that is not done: a file ``bpd/SET.csv`` and ``ladder/SET.csv`` for each input set.

    Raises
    ------
    ToolkitError
        Of the kinds that `load_model` and `compare_inputs` raise.
    """
    trained = load_model(job.model)
    RunDirectory.create(job.run.path, {"model": job.model})
    job.run.write_json("model.json", {"label": trained.label, **trained.identity()})
    reference = _TrainingSide(trained, job.config, job.shown[0])
    for each in job.shown:
        _stage(job, trained, "bpd", each, partial(_likelihood, trained, job.config), progress)
    for each in job.shown:
        if each.in_ladder:
            _stage(job, trained, "ladder", each, reference.compare, progress)


def stage_file(stage: str, input_set: str) -> str:
    """Name of the file that a stage writes for an input set."""
    return f"{stage}/{input_set.replace('/', '-').replace(':', '-')}.csv"


def stage_tables(job: ModelJob, stage: str) -> list[pd.DataFrame]:
    """Read what a stage wrote, an input set at a time."""
    chosen: Sequence[Shown] = [each for each in job.shown if stage == "bpd" or each.in_ladder]
    return [pd.read_csv(job.run.path / stage_file(stage, each.input_set)) for each in chosen]


def _stage(
    job: ModelJob,
    trained: TrainedModel,
    stage: str,
    each: Shown,
    make: Callable[[Shown], pd.DataFrame],
    progress: Progress,
) -> None:
    file = stage_file(stage, each.input_set)
    settings = to_plain(job.config)
    for irrelevant in ("n_images", "nodes", "mean_curvature_points") if stage == "bpd" else ("n_bpd",):
        del settings[irrelevant]
    made_from = {
        **trained.identity(),
        "input_set": each,
        "images": job.checksums.get(each.input_set.partition(":")[0]),
        "settings": settings,
    }

    def write() -> None:
        progress(f"{job.model}: {'bits/dim' if stage == 'bpd' else 'ladder'} on {each.input_set}")
        job.run.write_csv(file, make(each))

    job.run.stage(file, made_from, (file,), write)


def _likelihood(trained: TrainedModel, config: GapsConfig, each: Shown) -> pd.DataFrame:
    """Bits per dimension in float32."""
    shape = trained.train_images.event_shape
    count = each.count("bpd", config.n_bpd)
    x = load_inputs(parse_input_set(each.input_set), count, shape, config.seed, patch_size=shape[1]).float()
    found = measure(trained.model.log_prob, x, each.input_set)
    row = {"input_set": each.input_set, "kind": each.kind, "bpd": found.bits_per_dim, "bpd_se": found.standard_error}
    return pd.DataFrame([{**row, "n_images": found.n_images}])


@dataclass(frozen=True, eq=False)
class _TrainingSide:
    """The training images' part of every ladder of a model: computed when the first one is asked for, then kept."""

    trained: TrainedModel
    config: GapsConfig
    train: Shown

    @cached_property
    def view(self) -> Viewpoint:
        points = self._samples(self.train)[: self.config.mean_curvature_points]
        return look_from(expansion_of(self.trained, self.config.seed), points)

    @cached_property
    def terms(self) -> SampleTerms:
        return sample_terms(self.view, self._samples(self.train), self.config.nodes, name=self.train.input_set)

    def compare(self, each: Shown) -> pd.DataFrame:
        """Every rung of one input set's ladder against the training images."""
        q = sample_terms(self.view, self._samples(each), self.config.nodes, name=each.input_set, reference=self.terms)
        found = summarize_likelihood(each.input_set, q.measured, q.dim)
        trained = self.trained
        provenance = Provenance(trained.run.path.name, trained.label, trained.data.train_set, self.config.seed)
        return compare(Ladder.between(q, self.terms), found, provenance)

    def _samples(self, each: Shown) -> Float[Tensor, " count channels height width"]:
        shape = self.trained.train_images.event_shape
        count = each.count("ladder", self.config.n_images)
        return load_inputs(parse_input_set(each.input_set), count, shape, self.config.seed, patch_size=shape[1])
