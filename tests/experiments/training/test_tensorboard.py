"""TensorBoard: what it shows, and that a resumed run shows no step twice."""

import sys
from collections import Counter

import pytest
import torch

from curvature.errors import ConfigError, RunDirectoryError
from experiments.training.evaluation import Evaluation
from experiments.training.evaluations import read_evaluations
from experiments.training.log import read_log
from experiments.training.loop import train
from experiments.training.tensorboard import TensorBoard


def observers(run):
    evaluation = Evaluation({"constant=1": torch.full((3, 1, 4, 4), 0.1)}, [1, 3, 12], run)
    return [evaluation, TensorBoard(run.path / "tensorboard", evaluation)]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_step_is_shown_once_though_the_run_was_resumed(tiny_flow, images, short, new_run, stop_at):
    event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    run = new_run()
    looking_on = observers(run)
    with pytest.raises(MemoryError):
        train(tiny_flow(), images, short, run, progress=stop_at(8, MemoryError), observers=looking_on)
    looking_on[1].close()
    looking_on = observers(run)
    train(tiny_flow(), images, short, run, resume=True, observers=looking_on)
    looking_on[1].close()
    shown = event_accumulator.EventAccumulator(str(run.path / "tensorboard")).Reload()
    losses = shown.Scalars("training/bits_per_dim")
    assert Counter(event.step for event in losses) == dict.fromkeys(range(1, 13), 1)
    logged = {row.step: row.bits_per_dim for row in read_log(run.log_path)}
    assert all(event.value == pytest.approx(logged[event.step], rel=1e-6) for event in losses)
    measured = [(row.step, row.bpd) for row in read_evaluations(run.evaluations_path)]
    events = shown.Scalars("evaluation/constant=1")
    assert [(event.step, event.value) for event in events] == [(s, pytest.approx(b, rel=1e-6)) for s, b in measured]
    assert {"training/gradient_norm", "training/learning_rate", "training/images_per_second"} <= set(
        shown.Tags()["scalars"]
    )


def test_a_missing_library_is_named_with_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ConfigError, match=r"install likelihood-curvature\[tensorboard\]"):
        TensorBoard(tmp_path)


def test_a_place_that_cannot_be_written_is_named(tiny_flow, images, short, new_run):
    pytest.importorskip("tensorboard")
    run = new_run()
    (run.path / "tensorboard").write_text("a file")
    with pytest.raises(RunDirectoryError, match="tensorboard: cannot be written"):
        train(tiny_flow(), images, short, run, observers=observers(run))
