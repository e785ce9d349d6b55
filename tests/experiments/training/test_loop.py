import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from curvature.errors import ConfigError, DtypeError, RunDirectoryError, ShapeError, TooFewSamplesError
from experiments.training.batches import Batches
from experiments.training.checkpoint import read_checkpoint
from experiments.training.log import read_log
from experiments.training.loop import train
from experiments.training.schedule import learning_rate


def test_the_loss_goes_down_and_the_averaged_weights_come_back(tiny_glow, colour_images, short, new_run):
    config = replace(short, steps=150, batch_size=16, log_every=30, schedule="cosine")
    model, run = tiny_glow(), new_run()
    result = train(model, colour_images, config, run)
    rows = read_log(run.log_path)
    assert [row.step for row in rows] == [30, 60, 90, 120, 150]
    assert rows[-1].bits_per_dim < rows[0].bits_per_dim - 0.3
    assert not model.training
    checkpoint = read_checkpoint(run.checkpoint_path)
    assert checkpoint.step == result.steps == 150
    for name, tensor in model.named_parameters():
        assert torch.equal(tensor, checkpoint.average[name])
    x = Batches(colour_images, 50, 0).at(0)
    bpd = float(-model.log_prob(x).detach().mean() / (48 * math.log(2)) + 8)
    assert bpd == pytest.approx(result.bits_per_dim, abs=0.3)
    assert "150 steps in" in str(result)


@pytest.mark.parametrize("optimizer", ["adamax", "adam"])
def test_a_run_against_a_loop_by_hand(tiny_flow, images, short, new_run, optimizer):
    """The same batches through torch's own optimizer and clipping, written out: weights, norms and rates agree."""
    config = replace(short, optimizer=optimizer, clip_norm=0.02, ema_decay=0.0)
    run, model, reference = new_run(), tiny_flow(), tiny_flow()
    train(model, images, config, run)
    cls = {"adamax": torch.optim.Adamax, "adam": torch.optim.Adam}[optimizer]
    by_hand, batches = cls(reference.parameters(), lr=1.0), Batches(images, 8, 0)
    for step, row in enumerate(read_log(run.log_path)):
        loss = (-reference.log_prob(batches.at(step)) / (16 * math.log(2)) + 8).mean()
        by_hand.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(reference.parameters(), 0.02)
        assert float(norm) > 0.02  # clipping is active
        by_hand.param_groups[0]["lr"] = learning_rate(step, config)
        by_hand.step()
        assert row.bits_per_dim == pytest.approx(float(loss.detach()), rel=1e-6)
        assert row.gradient_norm == pytest.approx(float(norm), rel=1e-6)
        assert row.learning_rate == learning_rate(step, config)
    for mine, other in zip(model.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(mine, other)


def test_clipping_can_be_left_out_and_matters(tiny_flow, images, short, new_run):
    weights = []
    for clip_norm in (None, 1e9, 1e-10):
        model = tiny_flow()
        train(model, images, replace(short, clip_norm=clip_norm), new_run())
        weights.append(model.shift.detach())
    assert torch.equal(weights[0], weights[1])
    assert not torch.allclose(weights[0], weights[2])


def test_a_row_averages_over_its_steps(tiny_flow, images, short, new_run):
    every, third = new_run(), new_run()
    train(tiny_flow(), images, short, every)
    train(tiny_flow(), images, replace(short, log_every=5), third)
    single, rows = read_log(every.log_path), read_log(third.log_path)
    assert [row.step for row in rows] == [5, 10, 12]
    for row, window in zip(rows, (single[:5], single[5:10], single[10:]), strict=True):
        assert row.bits_per_dim == pytest.approx(sum(r.bits_per_dim for r in window) / len(window))
        assert row.gradient_norm == pytest.approx(sum(r.gradient_norm for r in window) / len(window))
        assert row.images_per_second > 0
    assert rows[0].seconds < rows[1].seconds < rows[2].seconds


def test_the_seed_decides_everything(tiny_glow, colour_images, short, new_run):
    states = []
    for seed, global_seed in ((0, 1), (0, 2), (1, 1)):
        torch.manual_seed(global_seed)
        model = tiny_glow()
        train(model, colour_images, replace(short, seed=seed), new_run())
        states.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])


def test_the_first_batch_initialises_the_model_once(tiny_glow, colour_images, short, new_run):
    model, reference = tiny_glow(), tiny_glow()
    reference.initialise(Batches(colour_images, 8, 0).at(0))
    train(model, colour_images, replace(short, steps=1, warmup_steps=0, learning_rate=1e-30), new_run())
    assert model.is_initialised
    for mine, other in zip(model.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(mine, other)
    # A model that has seen data keeps what it learned.
    with torch.no_grad():
        for parameter in reference.parameters():
            parameter += 0.01
    before = [parameter.detach().clone() for parameter in reference.parameters()]
    train(reference, colour_images, replace(short, steps=1, warmup_steps=0, learning_rate=1e-30), new_run())
    for mine, other in zip(reference.parameters(), before, strict=True):
        torch.testing.assert_close(mine, other)


@pytest.mark.parametrize("channels_last", [False, True])
def test_bfloat16_stays_finite_and_near_float32(tiny_glow, colour_images, short, new_run, channels_last):
    losses = []
    for precision in ("float32", "bfloat16"):
        config = replace(short, steps=60, log_every=20, precision=precision, channels_last=channels_last)
        model = tiny_glow()
        losses.append(train(model, colour_images, config, new_run()).bits_per_dim)
        assert all(bool(torch.isfinite(p).all()) and p.dtype == torch.float32 for p in model.parameters())
    assert losses[1] == pytest.approx(losses[0], abs=0.1)
    assert losses[1] != losses[0]


def test_a_float64_model_is_trained_in_float64(tiny_flow, images, short, new_run):
    model = tiny_flow().double()
    train(model, images, short, new_run())
    assert model.shift.dtype == torch.float64


def test_the_images_are_left_alone(tiny_flow, images, short, new_run):
    before = images.clone()
    train(tiny_flow(), images, short, new_run())
    assert torch.equal(images, before)


def test_progress_hears_of_every_row(tiny_flow, images, short, new_run):
    heard = []

    def listen(step, steps, bits_per_dim, images_per_second, seconds_left):
        heard.append((step, steps, bits_per_dim, seconds_left))

    run = new_run()
    train(tiny_flow(), images, replace(short, log_every=5), run, progress=listen)
    assert [(step, steps) for step, steps, _, _ in heard] == [(5, 12), (10, 12), (12, 12)]
    rows = read_log(run.log_path)
    assert [bpd for _, _, bpd, _ in heard] == [row.bits_per_dim for row in rows]
    # At the mean speed so far: nothing is asked of how long a step takes.
    assert [left for _, _, _, left in heard] == pytest.approx(
        [(12 - row.step) * row.seconds / row.step for row in rows]
    )


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda images: images / 255, DtypeError, "training images: expected 8-bit pixels"),
        (lambda images: images[:7], TooFewSamplesError, "at least one batch of 8, got 7"),
        (lambda images: images[:, 0], ShapeError, r"expected shape \[N, C, H, W\]"),
        (lambda images: images[..., :2], ShapeError, r"expected \[N, 1, 4, 4\], got \[50, 1, 4, 2\]"),
    ],
)
def test_bad_images_leave_nothing_behind(tiny_flow, images, short, new_run, make, error, message):
    run = new_run()
    with pytest.raises(error, match=message):
        train(tiny_flow(), make(images), short, run)
    assert [path.name for path in run.path.iterdir()] == ["config.json"]


def test_a_model_with_another_kind_of_log_prob_is_refused(tiny_flow, images, short, new_run):
    class Summed(tiny_flow):
        def log_prob(self, x):
            return super().log_prob(x).sum()

    with pytest.raises(ShapeError, match="expected one value per image"):
        train(Summed(), images, short, new_run())


def test_missing_cuda_is_named(tiny_flow, images, short, new_run, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", bool)
    with pytest.raises(ConfigError, match="torch sees no CUDA device"):
        train(tiny_flow(), images, replace(short, device="cuda"), new_run())
    train(tiny_flow(), images, replace(short, device="auto"), new_run())


def test_a_finished_run_is_not_overwritten(trained, tiny_flow, images, short):
    _, run, _ = trained
    before = run.checkpoint_path.read_bytes()
    with pytest.raises(RunDirectoryError, match="already holds a checkpoint; resume it"):
        train(tiny_flow(), images, short, run)
    assert run.checkpoint_path.read_bytes() == before
