"""Damaged files of runs, models and caches: what was written, or one line that names the file."""

import json
import math
import shutil
import zlib
from dataclasses import asdict

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from analysis.stored_table import read_table
from curvature.errors import ToolkitError
from experiments.data.checksums import is_recorded, require_recorded
from experiments.data.image_set import ImageSet
from experiments.data.statistics_files import cached_statistics, statistics_directory
from experiments.models.registry import build, configuration
from experiments.paper.reference_models.exporting import export_run
from experiments.paper.reference_models.record import read_record
from experiments.paper.reference_models.weights import read_reference_weights, save_reference_weights
from experiments.storage.run_directory import RunDirectory
from experiments.storage.stages import Stage, run_stage
from experiments.storage.strict_json import parse_json
from experiments.storage.tensor_file import read_tensors, write_tensors
from experiments.study.configuration import ExperimentConfig
from experiments.study.sweep.completion import is_finished, record_finished
from experiments.study.sweep.planning import plan_jobs
from experiments.study.sweep.record import sweep_directory
from experiments.study.train_and_compare import files_made
from experiments.study.trained_model import read_experiment
from experiments.training.checkpoint import Checkpoint, read_checkpoint, save_checkpoint
from experiments.training.evaluations import EvaluationRow, read_evaluations, write_evaluations
from experiments.training.log import LogRow, TrainingLog, read_log
from experiments.training.snapshot import load_snapshot, save_snapshot
from tests.experiments.data.official_files import random_images
from tests.experiments.paper.reference_models.tiny import train_tiny
from tests.experiments.study.sweep.tiny import tiny_experiment, tiny_sweep
from tests.hardening.damage import damaged, fuzzed, outcome


@pytest.fixture(scope="module")
def tiny_run(tmp_path_factory):
    return train_tiny(tmp_path_factory.mktemp("runs") / "china", "china")


@pytest.fixture
def copied(tiny_run, tmp_path):
    """A copy of a finished run."""
    return RunDirectory(shutil.copytree(tiny_run.path, tmp_path / "run"))


def fuzz(path, read, check):
    """Damage a sound file again and again; what is read from it must pass the check."""
    sound = path.read_bytes()

    @fuzzed
    @given(damaged(sound))
    def try_one(content):
        path.write_bytes(content)
        found = outcome(read)
        assert found is None or check(found)

    try:
        try_one()
    finally:
        path.write_bytes(sound)


def test_config_json(copied):
    fuzz(copied.config_path, lambda: read_experiment(copied), lambda found: isinstance(found, ExperimentConfig))


def same_tensors(found, expected):
    return found.keys() == expected.keys() and all(
        found[name].dtype == tensor.dtype and torch.equal(found[name], tensor) for name, tensor in expected.items()
    )


def same_checkpoint(found, expected):
    return (
        (found.step, found.identity, found.progress) == (expected.step, expected.identity, expected.progress)
        and same_tensors(found.model, expected.model)
        and same_tensors(found.average, expected.average)
        and same_tensors(found.optimizer, expected.optimizer)
    )


def small_checkpoint():
    model = {"weight": torch.arange(6.0).reshape(2, 3), "count": torch.tensor(3)}
    optimizer = {"weight": torch.ones(2, 3), "step": torch.tensor(140)}
    identity = {"model": {"class": "Flow", "config": {"width": 4}}, "training": {"steps": 140}}
    return Checkpoint(140, identity, {"steps": 2, "seconds": 0.25}, model, {"weight": torch.zeros(2, 3)}, optimizer)


def test_checkpoint(tmp_path):
    path, kept = tmp_path / "checkpoint.safetensors", small_checkpoint()
    save_checkpoint(path, kept)
    fuzz(path, lambda: read_checkpoint(path), lambda found: same_checkpoint(found, kept))


def test_tensor_file_of_an_older_version(tmp_path):
    """Its checksum covers names and bytes of tensors alone, so that other words can come back, but no other bytes."""
    tensors = {"weight": torch.arange(6.0), "count": torch.tensor([3])}
    path = tmp_path / "old.safetensors"
    write_tensors(path, "old 1", tensors, {})
    old = {"format": "old 1", "step": "3", "tensors_crc32": str(_old_checksum(tensors))}
    save_file(tensors, path, old)
    assert read_tensors(path, "old 1")[1] == old

    def same_bytes(found):
        return {k: v.numpy().tobytes() for k, v in found[0].items()} == {
            k: v.numpy().tobytes() for k, v in tensors.items()
        }

    fuzz(path, lambda: read_tensors(path, "old 1"), same_bytes)


def _old_checksum(tensors):
    crc = 0
    for name in sorted(tensors):
        crc = zlib.crc32(tensors[name].numpy().tobytes(), zlib.crc32(name.encode(), crc))
    return crc


def tiny_flow():
    return build(configuration("glow", levels=1, steps=1, width=4), (1, 8, 8))


def test_snapshot(tmp_path):
    flow = tiny_flow()
    identity = {"model": {"class": "Flow", "config": None, "event_shape": [1]}}
    path = save_snapshot(tmp_path, 3, flow.state_dict(), identity)
    # The identity is another model's: a file that is read well is refused for that reason, and for no other.
    sound = path.read_bytes()

    @fuzzed
    @given(damaged(sound))
    def try_one(content):
        path.write_bytes(content)
        with pytest.raises(ToolkitError):
            load_snapshot(flow, tmp_path, 3)

    try_one()


def test_reference_weights(tmp_path):
    flow, path = tiny_flow(), tmp_path / "weights.safetensors"
    save_reference_weights(path, flow, 4)
    expected = read_reference_weights(path)
    fuzz(
        path,
        lambda: read_reference_weights(path),
        lambda found: same_tensors(found[0], expected[0]) and found[1] == expected[1],
    )


@pytest.mark.parametrize("file", ["environment.json", "config.json", "log.csv", "bpd.csv", "weights.safetensors"])
def test_reference_model_record(file, tiny_run, tmp_path):
    path = export_run(tiny_run.path, "china", tmp_path, n_images=4, progress=str)
    sha = read_record(path).environment["weights"]["sha256"]
    fuzz(path / file, lambda: read_record(path), lambda found: found.environment["weights"]["sha256"] == sha)


def test_log(tmp_path):
    path = tmp_path / "log.csv"
    with TrainingLog(path) as log:
        for step in (2, 4, 6):
            log.append(LogRow(step, 5.0 + step / 3, 1 / 7, 1e-3, 1234.5, step * 0.1, 300.25, None))

    def sound(rows):
        steps = [row.step for row in rows]
        values = [value for row in rows for value in asdict(row).values() if value is not None]
        return steps == sorted(set(steps)) and all(map(math.isfinite, values))

    fuzz(path, lambda: read_log(path), sound)


def test_evaluations(tmp_path):
    path = tmp_path / "evaluations.csv"
    rows = [EvaluationRow(1, "china/test", 1 / 3, 1e-17, 5), EvaluationRow(2, "constant=3", math.nan, math.nan, 2)]
    write_evaluations(path, rows)

    def sound(found):
        return all(row.step >= 0 and row.n_images >= 1 and not math.isinf(row.bpd) for row in found)

    fuzz(path, lambda: read_evaluations(path), sound)


def test_tables(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("input_set,bpd,n_images\nchina/test,3.25,8\nconstant=0,-1e-3,8\n")

    def sound(table):
        return len(table) and all(table[name].dtype.kind in "iuf" for name in ("bpd", "n_images"))

    fuzz(path, lambda: read_table(path, ("input_set",), ("bpd", "n_images")), sound)


def test_stages_json_and_outputs(tmp_path):
    """Whatever happens to the record or to the files, the stage's files are right afterwards."""
    run = RunDirectory.create(tmp_path / "run", {"stages": configuration("glow")})
    stage = Stage("measure", 1, {"set": "china"}, ("table.csv", "tables/other.csv"))
    contents = {"table.csv": "a,b\n1,2\n3,4\n", "tables/other.csv": "c\n5\n"}

    def make():
        for name, text in contents.items():
            run.write_text(name, text)

    def measure():
        run_stage(run, stage, make, str)
        return {name: (run.path / name).read_text() for name in contents}

    assert measure() == contents
    for name in ("stages.json", *contents):
        fuzz(run.path / name, measure, lambda found: found == contents)


def test_job_record(tmp_path):
    (job,) = plan_jobs(tiny_sweep(), tmp_path, tiny_experiment)
    job.path.mkdir(parents=True)
    for name in files_made(job.comparison):
        (job.path / name).write_text(name)
    record_finished(job, files_made(job.comparison))
    assert is_finished(job)
    fuzz(job.path / "job.json", lambda: is_finished(job), lambda found: isinstance(found, bool))
    for name in files_made(job.comparison):
        sound = (job.path / name).read_bytes()
        (job.path / name).write_bytes(sound[:-1])
        assert not is_finished(job)
        (job.path / name).write_bytes(sound)
    record = json.loads((job.path / "job.json").read_text())
    (job.path / "job.json").write_text(json.dumps({**record, "files": {}}))
    assert not is_finished(job)


def test_sweep_record(tmp_path):
    config = tiny_sweep()
    jobs = plan_jobs(config, tmp_path, tiny_experiment)

    def enter():
        with sweep_directory(tmp_path, config, jobs):
            return "entered"

    assert enter()
    fuzz(tmp_path / "sweep.json", enter, lambda found: found == "entered")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LIKELIHOOD_CURVATURE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_record_of_checksums(cache, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    require_recorded(path)
    fuzz(cache / "checksums.json", lambda: is_recorded(path), lambda found: isinstance(found, bool))


def test_kept_statistics(cache):
    images = ImageSet("digits", "test", torch.from_numpy(random_images(0, 9, 1, 4, 4)), "here", "none", "nobody")
    expected = cached_statistics(images)

    def same(found):
        return all(np.array_equal(value, getattr(expected, name)) for name, value in vars(found).items())

    fuzz(statistics_directory(images) / "moments.npz", lambda: cached_statistics(images), same)


@fuzzed
@given(st.text() | st.recursive(st.none() | st.floats() | st.text(), lambda each: st.lists(each)).map(json.dumps))
def test_any_text_is_json_of_finite_numbers_or_a_value_error(text):
    try:
        value = parse_json(text)
    except ValueError:
        return
    json.dumps(value, allow_nan=False)


@pytest.mark.parametrize("opening", ['{"a":', "["])
@pytest.mark.parametrize("depth", [33, 500, 100_000])
def test_deeply_nested_json_is_a_value_error(opening, depth):
    closing = {"[": "]", '{"a":': "}"}[opening]
    text = opening * depth + "1" + closing * depth
    with pytest.raises(ValueError, match="nested more than 32 levels deep"):
        parse_json(text)
