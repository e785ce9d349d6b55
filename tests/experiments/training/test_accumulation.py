"""Batches in parts, and images held on the host: the same training."""

from dataclasses import replace

import pytest
import torch

from curvature.errors import ConfigError
from experiments.training.batches import Batches
from experiments.training.checkpoint import read_checkpoint
from experiments.training.device import holding_device
from experiments.training.log import read_log
from experiments.training.loop import train


@pytest.mark.parametrize("parts", [2, 3, 8])
def test_parts_of_a_batch_train_as_the_whole(tiny_glow, colour_images, short, new_run, parts):
    runs = []
    for gradient_accumulation in (1, parts):
        runs.append(new_run())
        config = replace(short, gradient_accumulation=gradient_accumulation)
        train(tiny_glow().double(), colour_images, config, runs[-1])
    for mine, other in zip(*(read_log(run.log_path) for run in runs), strict=True):
        assert mine.bits_per_dim == pytest.approx(other.bits_per_dim, rel=1e-10)
        assert mine.gradient_norm == pytest.approx(other.gradient_norm, rel=1e-8)
    whole, in_parts = (read_checkpoint(run.checkpoint_path) for run in runs)
    for name, tensor in whole.average.items():
        torch.testing.assert_close(in_parts.average[name], tensor, rtol=1e-7, atol=1e-9)
    assert whole.identity == in_parts.identity


def test_a_batch_cannot_have_more_parts_than_images(short):
    with pytest.raises(ConfigError, match="gradient_accumulation: expected at most batch_size = 8, got 9"):
        replace(short, gradient_accumulation=9)


def test_shares_are_parts_of_the_same_batch(images):
    batches = Batches(images, 8, seed=3)
    whole = batches.at(5)
    assert torch.equal(torch.cat([batches.at(5, share=slice(0, 3)), batches.at(5, share=slice(3, 8))]), whole)


def test_images_on_the_host_give_the_same_batches_and_weights(tiny_flow, images, short, new_run):
    held, moved = Batches(images, 8, 0, on_device="yes"), Batches(images, 8, 0, on_device="no")
    assert all(torch.equal(held.at(step), moved.at(step)) for step in range(10))
    weights = []
    for data_on_device in ("yes", "no"):
        model = tiny_flow()
        train(model, images, replace(short, data_on_device=data_on_device), new_run())
        weights.append(model.shift.detach())
    assert torch.equal(*weights)


def test_auto_holds_images_where_a_quarter_of_the_memory_has_room(images):
    cuda, cpu = torch.device("cuda"), torch.device("cpu")
    assert holding_device(images, cuda, "auto", free_bytes=4 * images.nbytes) == cuda
    assert holding_device(images, cuda, "auto", free_bytes=4 * images.nbytes - 1) == cpu
    assert holding_device(images, cuda, "yes", free_bytes=0) == cuda
    assert holding_device(images, cuda, "no", free_bytes=10**12) == cpu
    assert holding_device(images, cpu, "auto") == cpu
