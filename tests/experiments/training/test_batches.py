import pytest
import torch

from curvature.errors import DtypeError, ShapeError, TooFewSamplesError
from experiments.training.batches import Batches, image_checksum
from experiments.training.randomness import seeded_generator


def test_an_epoch_shows_every_image_at_most_once_and_the_next_one_in_another_order(images):
    batches = Batches(images, batch_size=16, seed=0)
    assert batches.batches_per_epoch == 3
    first = torch.cat([batches.indices(step) for step in range(3)])
    second = torch.cat([batches.indices(step) for step in range(3, 6)])
    assert len(first.unique()) == 48
    assert not torch.equal(first, second)


def test_a_batch_depends_on_seed_and_step_alone(images):
    forwards, backwards = Batches(images, 8, seed=5), Batches(images, 8, seed=5)
    in_order = [forwards.at(step) for step in range(14)]
    for step in reversed(range(14)):
        assert torch.equal(in_order[step], backwards.at(step))
    assert not torch.equal(in_order[0], Batches(images, 8, seed=6).at(0))


def test_a_batch_is_its_images_with_noise_within_a_pixel_s_cell(images):
    batches = Batches(images, 8, seed=0)
    noise = batches.at(3, torch.float64) * 256 - images[batches.indices(3)]
    assert 0 <= float(noise.min()) < float(noise.max()) < 1
    assert 0.4 < float(noise.mean()) < 0.6


def test_the_global_random_state_is_neither_used_nor_moved(images):
    torch.manual_seed(0)
    state = torch.get_rng_state()
    batch = Batches(images, 8, seed=0).at(0)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(1)
    assert torch.equal(Batches(images, 8, seed=0).at(0), batch)


def test_streams_and_neighbouring_steps_and_seeds_differ():
    keys = [(seed, stream, index) for seed in (0, 1) for stream in ("order", "noise") for index in range(5)]
    draws = {float(torch.rand((), generator=seeded_generator(*key))) for key in keys}
    assert len(draws) == len(keys)


def test_the_mixing_of_seeds_stays_as_documented():
    assert seeded_generator(3, "noise", 7).initial_seed() == 17265761182064954981


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (torch.zeros(20, 1, 4, 4), DtypeError, r"training images: expected 8-bit pixels \(uint8\), got float32"),
        (torch.zeros(20, 4, 4, dtype=torch.uint8), ShapeError, r"expected shape \[N, C, H, W\], got \[20, 4, 4\]"),
        (torch.zeros(7, 1, 4, 4, dtype=torch.uint8), TooFewSamplesError, "at least one batch of 8, got 7; give more"),
    ],
)
def test_bad_images_are_refused(bad, error, message):
    with pytest.raises(error, match=message):
        Batches(bad, 8, seed=0)


def test_the_checksum_sees_pixels_order_and_shape(images):
    assert image_checksum(images) == image_checksum(images.clone())
    assert image_checksum(images) != image_checksum(images.flip(0))
    assert image_checksum(images) != image_checksum(images.reshape(50, 1, 2, 8))
    assert image_checksum(images.transpose(2, 3)) == image_checksum(images.transpose(2, 3).contiguous())
