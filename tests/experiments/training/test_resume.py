from dataclasses import replace

import pytest
import torch

from curvature.errors import CheckpointError, ToolkitError
from experiments.training.checkpoint import read_checkpoint, save_checkpoint
from experiments.training.errors import TrainingInterrupted
from experiments.training.log import read_log
from experiments.training.loop import train
from experiments.training.state import TrainingState

STEPS = 12


def kept_bits(run):
    """All that must be equal: every tensor, the log's sums, and the log without its timings."""
    checkpoint = read_checkpoint(run.checkpoint_path)
    tensors = {
        f"{group}/{name}": tensor
        for group in ("model", "average", "optimizer")
        for name, tensor in getattr(checkpoint, group).items()
    }
    rows = [(r.step, r.bits_per_dim, r.gradient_norm, r.learning_rate) for r in read_log(run.log_path)]
    return checkpoint.step, tensors, checkpoint.progress, rows


def assert_same_bits(run, other):
    step, tensors, sums, rows = kept_bits(run)
    other_step, other_tensors, other_sums, other_rows = kept_bits(other)
    assert (step, sums, rows) == (other_step, other_sums, other_rows)
    assert tensors.keys() == other_tensors.keys()
    assert [name for name in tensors if not torch.equal(tensors[name], other_tensors[name])] == []
    assert run.checkpoint_path.read_bytes() == other.checkpoint_path.read_bytes()


def interrupt_and_resume(build, images, config, run, callback):
    with pytest.raises(TrainingInterrupted) as caught:
        train(build(), images, config, run, progress=callback)
    resumed = build()
    result = train(resumed, images, config, run, resume=True)
    return caught.value, resumed, result


@pytest.mark.parametrize("changes", [{}, {"optimizer": "adam"}, {"channels_last": True, "precision": "bfloat16"}])
def test_half_a_run_and_its_resumption_equal_the_whole_bit_for_bit(
    tiny_glow, colour_images, short, new_run, stop_at, changes
):
    config = replace(short, **changes)
    whole_run, run = new_run(), new_run()
    whole = tiny_glow()
    result = train(whole, colour_images, config, whole_run)
    _, resumed, again = interrupt_and_resume(tiny_glow, colour_images, config, run, stop_at(STEPS // 2))
    assert_same_bits(run, whole_run)
    assert again.bits_per_dim == result.bits_per_dim
    for mine, other in zip(resumed.state_dict().values(), whole.state_dict().values(), strict=True):
        assert torch.equal(mine, other)


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_ctrl_c_after_any_step(tiny_flow, images, short, new_run, stop_at, trained, step):
    _, whole_run, _ = trained
    run = new_run()
    interrupted, _, _ = interrupt_and_resume(tiny_flow, images, short, run, stop_at(step))
    assert interrupted.step == step
    assert interrupted.run == run.path
    assert f"step {step} is kept" in str(interrupted)
    assert str(interrupted).endswith(f"to go on: likelihood-curvature train --resume {run.path}")
    assert isinstance(interrupted, ToolkitError)
    assert_same_bits(run, whole_run)


def test_ctrl_c_in_the_middle_of_a_row_of_the_log(tiny_flow, images, short, new_run, ctrl_c):
    """Rows of 5 steps, a real signal in step 8: the second row averages steps from before and after."""
    config = replace(short, log_every=5)

    class Impatient(tiny_flow):
        calls = 0

        def log_prob(self, x):
            Impatient.calls += 1
            if Impatient.calls == 8:
                ctrl_c()
            return super().log_prob(x)

    Impatient.__name__ = "TinyFlow"
    whole_run, run = new_run(), new_run()
    train(tiny_flow(), images, config, whole_run)
    interrupted, _, _ = interrupt_and_resume(Impatient, images, config, run, None)
    assert interrupted.step == 8  # the step in progress was finished
    assert_same_bits(run, whole_run)


def test_a_run_that_ended_without_a_word_goes_on_from_its_last_checkpoint(
    tiny_flow, images, short, new_run, stop_at, trained
):
    """As after a kill: an error that nobody handles, two rows after the checkpoint of step 5."""
    _, whole_run, _ = trained
    run = new_run()
    with pytest.raises(MemoryError):
        train(tiny_flow(), images, short, run, progress=stop_at(7, MemoryError))
    assert read_checkpoint(run.checkpoint_path).step == 5
    assert read_log(run.log_path)[-1].step == 7
    train(tiny_flow(), images, short, run, resume=True)
    assert_same_bits(run, whole_run)


def test_a_run_that_ended_before_its_first_checkpoint_starts_over(tiny_flow, images, short, new_run, stop_at, trained):
    _, whole_run, _ = trained
    run = new_run()
    with pytest.raises(MemoryError):
        train(tiny_flow(), images, short, run, progress=stop_at(3, MemoryError))
    assert not run.checkpoint_path.exists()
    train(tiny_flow(), images, short, run, resume=True)
    assert_same_bits(run, whole_run)


def test_a_finished_run_resumes_to_itself(tiny_flow, images, short, trained):
    model, run, result = trained
    log = run.log_path.read_text()
    again = tiny_flow()
    assert train(again, images, short, run, resume=True) == result
    assert torch.equal(again.shift, model.shift)
    assert run.log_path.read_text() == log


def test_a_second_ctrl_c_within_a_step_keeps_the_checkpoint_on_the_disk(
    tiny_flow, images, short, new_run, trained, ctrl_c
):
    _, whole_run, _ = trained

    class TwiceImpatient(tiny_flow):
        calls = 0

        def log_prob(self, x):
            TwiceImpatient.calls += 1
            if TwiceImpatient.calls == 8:
                ctrl_c()
                ctrl_c()
            return super().log_prob(x)

    TwiceImpatient.__name__ = "TinyFlow"
    run = new_run()
    interrupted, _, _ = interrupt_and_resume(TwiceImpatient, images, short, run, None)
    assert interrupted.step == 5
    assert_same_bits(run, whole_run)


def test_checkpoints_may_come_at_other_steps_after_a_resumption(tiny_flow, images, short, new_run, stop_at, trained):
    _, whole_run, _ = trained
    run = new_run()
    with pytest.raises(TrainingInterrupted):
        train(tiny_flow(), images, short, run, progress=stop_at(4))
    train(tiny_flow(), images, replace(short, checkpoint_every=2, device="auto"), run, resume=True)
    assert_same_bits(run, whole_run)


def test_other_settings_data_or_model_are_refused_with_what_differs(tiny_flow, images, short, trained):
    _, run, _ = trained
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    cases = [
        (
            tiny_flow(),
            images,
            replace(short, learning_rate=0.5, seed=4),
            r"learning_rate: 0\.01 -> 0\.5; training\.seed",
        ),
        (tiny_flow(), images.flip(0), short, r"data\.sha256"),
        (tiny_flow(type(tiny_flow().config)(gain=2.0)), images, short, r"model\.config\.gain: 1\.0 -> 2\.0"),
    ]
    for model, data, config, message in cases:
        with pytest.raises(CheckpointError, match=message) as caught:
            train(model, data, config, run, resume=True)
        assert "\n" not in str(caught.value)
        assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before


def test_a_checkpoint_from_before_the_first_step(tiny_flow, images, short, new_run, trained):
    _, whole_run, _ = trained
    model, run = tiny_flow(), new_run()
    identity = read_checkpoint(whole_run.checkpoint_path).identity
    save_checkpoint(run.checkpoint_path, TrainingState.start(model, short, identity).checkpoint())
    train(tiny_flow(), images, short, run, resume=True)
    assert_same_bits(run, whole_run)


def test_the_time_of_a_resumed_run_counts_on_from_its_log(
    tiny_glow, colour_images, short, new_run, stop_at, monkeypatch
):
    clock = iter(range(10**6))  # a second between two looks at it: a step takes one
    monkeypatch.setattr("experiments.training.loop.perf_counter", lambda: float(next(clock)))
    run, config = new_run(), replace(short, log_every=4)
    _, _, result = interrupt_and_resume(tiny_glow, colour_images, config, run, stop_at(4))
    rows = read_log(run.log_path)
    assert [row.seconds for row in rows] == [4.0, 8.0, 12.0]
    assert {row.images_per_second for row in rows} == {config.batch_size}
    assert result.seconds == 12.0


def test_a_checkpoint_of_an_earlier_version_which_held_times_goes_on(tiny_glow, colour_images, short, new_run, stop_at):
    run, whole = new_run(), new_run()
    train(tiny_glow(), colour_images, short, whole)
    with pytest.raises(TrainingInterrupted):
        train(tiny_glow(), colour_images, short, run, progress=stop_at(5))
    checkpoint = read_checkpoint(run.checkpoint_path)
    times = {"seconds": 3.25, "row_seconds": 0.5}
    save_checkpoint(run.checkpoint_path, replace(checkpoint, progress={**checkpoint.progress, **times}))
    train(tiny_glow(), colour_images, short, run, resume=True)
    assert_same_bits(run, whole)
