"""Evaluation during training: what it writes, that training does not notice it, and that no row is lost or repeated."""

from dataclasses import replace

import pytest
import torch

from analysis.likelihood import measure
from curvature.errors import CheckpointError, RunDirectoryError
from experiments.storage.tensor_file import read_tensors
from experiments.training.batches import Batches
from experiments.training.checkpoint import read_checkpoint
from experiments.training.errors import TrainingInterrupted
from experiments.training.evaluation import Evaluation, evaluated_steps
from experiments.training.evaluations import EvaluationRow, read_evaluations, write_evaluations
from experiments.training.log import read_log
from experiments.training.loop import train
from experiments.training.snapshot import FORMAT, load_snapshot, save_snapshot, snapshot_path, snapshot_steps

STEPS = [1, 2, 3, 6, 10, 12]


@pytest.fixture
def inputs(images):
    return {"own/train": Batches(images, 20, 1).at(0), "constant=128": torch.full((6, 1, 4, 4), 128.5 / 256)}


@pytest.fixture
def evaluated(tiny_flow, images, short, new_run, inputs):
    """A run of the tiny flow with evaluation: (run, config)."""
    run = new_run()
    train(tiny_flow(), images, short, run, observers=[Evaluation(inputs, STEPS, run)])
    return run


def snapshot_bits(run):
    """Every tensor of every snapshot, as lists: the order of a safetensors file's metadata is not fixed."""
    return {
        path.name: {name: tensor.tolist() for name, tensor in read_tensors(path, FORMAT)[0].items()}
        for path in run.snapshots_path.iterdir()
    }


def test_steps_are_evenly_spaced_on_a_logarithmic_scale_and_end_with_the_last():
    assert evaluated_steps(40, 4) == [1, 2, 3, 6, 10, 18, 32, 40]
    assert evaluated_steps(1000, 1) == [1, 10, 100, 1000]
    assert evaluated_steps(1, 4) == [1]
    assert evaluated_steps(100, 0) == []


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_rows_are_the_likelihoods_of_the_averaged_weights_in_float32(
    tiny_glow, colour_images, short, new_run, precision
):
    run, x = new_run(), Batches(colour_images, 20, 1).at(0)
    config = replace(short, precision=precision)
    train(tiny_glow(), colour_images, config, run, observers=[Evaluation({"a": x, "b": x / 2}, STEPS, run)])
    rows = read_evaluations(run.evaluations_path)
    assert [(row.step, row.input_set) for row in rows] == [(step, name) for step in STEPS for name in "ab"]
    for row in rows:
        model = tiny_glow(seed=3)
        load_snapshot(model, run.snapshots_path, row.step)
        expected = measure(model.log_prob, x if row.input_set == "a" else x / 2, row.input_set)
        assert row.bpd == pytest.approx(expected.bits_per_dim, abs=1e-5)
        assert row.bpd_se == pytest.approx(expected.standard_error, abs=1e-5)
        assert row.n_images == 20


def test_the_last_snapshot_holds_the_averaged_weights_of_the_checkpoint(evaluated, tiny_flow):
    assert snapshot_steps(evaluated.snapshots_path) == STEPS
    model = tiny_flow()
    load_snapshot(model, evaluated.snapshots_path, 12)
    tensors = read_checkpoint(evaluated.checkpoint_path).evaluation_tensors()
    assert tensors.keys() == model.state_dict().keys()
    assert all(torch.equal(tensors[name], tensor) for name, tensor in model.state_dict().items())
    assert not model.training


def test_training_does_not_notice_it(tiny_glow, colour_images, short, new_run):
    kept = []
    for observed in (False, True):
        run, x = new_run(), Batches(colour_images, 20, 1).at(0)
        observers = [Evaluation({"a": x}, STEPS, run)] if observed else []
        train(tiny_glow(), colour_images, replace(short, precision="bfloat16"), run, observers=observers)
        kept.append((read_checkpoint(run.checkpoint_path), [row.bits_per_dim for row in read_log(run.log_path)]))
    (checkpoint, losses), (other, other_losses) = kept
    assert losses == other_losses
    for group in ("model", "average", "optimizer"):
        for name, tensor in getattr(checkpoint, group).items():
            assert torch.equal(tensor, getattr(other, group)[name])


def test_its_time_is_no_time_of_training(tiny_flow, images, short, new_run, monkeypatch):
    clock = [0.0]

    def tick():
        clock[0] += 1.0
        return clock[0]

    class Slow:
        def begin(self, state):
            clock[0] += 100.0

        def after_row(self, row):
            clock[0] += 100.0

        def after_step(self, state):
            clock[0] += 100.0

    monkeypatch.setattr("experiments.training.loop.perf_counter", tick)
    run = new_run()
    assert train(tiny_flow(), images, short, run, observers=[Slow()]).seconds == 12.0


@pytest.mark.parametrize(("stop", "error"), [(6, KeyboardInterrupt), (4, KeyboardInterrupt), (7, MemoryError)])
def test_a_resumed_run_neither_loses_nor_repeats_a_row(
    evaluated, tiny_flow, images, short, new_run, inputs, stop_at, stop, error
):
    run = new_run()
    evaluation = Evaluation(inputs, STEPS, run)
    with pytest.raises((TrainingInterrupted, MemoryError)):
        train(tiny_flow(), images, short, run, progress=stop_at(stop, error), observers=[evaluation])
    train(tiny_flow(), images, short, run, resume=True, observers=[Evaluation(inputs, STEPS, run)])
    assert run.evaluations_path.read_text() == evaluated.evaluations_path.read_text()
    assert snapshot_bits(run) == snapshot_bits(evaluated)


def test_an_evaluation_that_was_cut_short_is_made_up_for(evaluated, tiny_flow, images, short, new_run, inputs):
    """Ctrl-C twice within the evaluation of step 6: the step is kept, its rows are not."""

    class Impatient(Evaluation):
        def after_step(self, state):
            if state.step == 6:
                raise KeyboardInterrupt
            super().after_step(state)

    run = new_run()
    with pytest.raises(TrainingInterrupted, match="step 6"):
        train(tiny_flow(), images, short, run, observers=[Impatient(inputs, STEPS, run)])
    assert read_evaluations(run.evaluations_path)[-1].step == 3
    train(tiny_flow(), images, short, run, resume=True, observers=[Evaluation(inputs, STEPS, run)])
    assert run.evaluations_path.read_text() == evaluated.evaluations_path.read_text()


def test_a_finished_run_that_lost_its_last_rows_gets_them_back(evaluated, tiny_flow, images, short, inputs):
    whole, snapshots = evaluated.evaluations_path.read_text(), snapshot_bits(evaluated)
    write_evaluations(evaluated.evaluations_path, read_evaluations(evaluated.evaluations_path)[:-2])
    snapshot_path(evaluated.snapshots_path, 12).unlink()
    train(tiny_flow(), images, short, evaluated, resume=True, observers=[Evaluation(inputs, STEPS, evaluated)])
    assert evaluated.evaluations_path.read_text() == whole
    assert snapshot_bits(evaluated) == snapshots


def test_a_likelihood_that_is_not_finite_does_not_end_the_run(tiny_flow, images, short, new_run):
    run = new_run()
    inputs = {"far": torch.full((3, 1, 4, 4), 1e30)}
    train(tiny_flow(), images, short, run, observers=[Evaluation(inputs, [12], run)])
    (row,) = read_evaluations(run.evaluations_path)
    assert row.bpd != row.bpd


def test_rows_come_back_bit_for_bit(tmp_path):
    rows = [EvaluationRow(1, "china/test:contrast=0.5", 1 / 3, 1e-17, 5), EvaluationRow(2, "constant=3", 2.0, 0.0, 2)]
    write_evaluations(tmp_path / "e.csv", rows)
    assert read_evaluations(tmp_path / "e.csv") == rows
    assert (tmp_path / "e.csv").read_text().splitlines()[0] == "step,input_set,bpd,bpd_se,n_images"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no table of evaluations"),
        ("a,b\n", "is no table of evaluations"),
        ("step,input_set,bpd,bpd_se,n_images\n1,a,x,0,3\n", "line 2 is damaged"),
        ("step,input_set,bpd,bpd_se,n_images\n1,a\n", "line 2 is damaged"),
        ("step,input_set,bpd,bpd_se,n_images\n1,a,1.0,0.1,3\n2,a,inf,0.1,3\n", "line 3 is damaged"),
        ("step,input_set,bpd,bpd_se,n_images\n-1,a,1.0,0.1,3\n", "line 2 is damaged"),
        ("step,input_set,bpd,bpd_se,n_images\n1,a,1.0,-0.1,3\n", "line 2 is damaged"),
        ("step,input_set,bpd,bpd_se,n_images\n1,a,1.0,0.1,3", "last line is cut off"),
        ("step,input_set,bpd,bpd_se,n_images", "last line is cut off"),
    ],
)
def test_what_is_no_table_of_evaluations_is_refused(tmp_path, text, message):
    (tmp_path / "e.csv").write_text(text)
    with pytest.raises(RunDirectoryError, match=message):
        read_evaluations(tmp_path / "e.csv")
    with pytest.raises(RunDirectoryError, match="cannot be read"):
        read_evaluations(tmp_path / "none.csv")


def test_a_missing_damaged_or_foreign_snapshot_is_named(evaluated, tiny_flow, tiny_glow):
    directory = evaluated.snapshots_path
    with pytest.raises(CheckpointError, match=r"no snapshot of step 5; there are those of steps: 1, 2, 3, 6, 10, 12"):
        load_snapshot(tiny_flow(), directory, 5)
    with pytest.raises(CheckpointError, match="there are those of steps: none"):
        load_snapshot(tiny_flow(), directory / "nowhere", 5)
    with pytest.raises(CheckpointError, match="was made with other settings"):
        load_snapshot(tiny_glow(), directory, 6)
    snapshot_path(directory, 2).replace(snapshot_path(directory, 3))
    with pytest.raises(CheckpointError, match="is damaged"):
        load_snapshot(tiny_flow(), directory, 3)
    path = snapshot_path(directory, 6)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="its checksum differs"):
        load_snapshot(tiny_flow(), directory, 6)


def test_a_directory_of_snapshots_that_cannot_be_made_is_named(tmp_path):
    with pytest.raises(RunDirectoryError, match="cannot be written"):
        save_snapshot(tmp_path / "nowhere" / "snapshots", 1, {"a": torch.zeros(1)}, {})
