import errno

import numpy as np
import pandas as pd
import pytest
import torch

from curvature import Moments
from curvature.errors import RunDirectoryError
from experiments.data import statistics_files
from experiments.data.image_set import ImageSet
from experiments.data.statistics import pixel_statistics
from experiments.data.statistics_files import cached_statistics, statistics_directory, write_statistics


def image_set(count=40, channels=3, side=4, seed=0, name="cifar10"):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (count, channels, side, side), generator=generator, dtype=torch.uint8)
    return ImageSet(name, "train", images, "made here", "none", "none")


@pytest.mark.parametrize("count", [20, 48, 49, 3000])
def test_statistics_are_those_of_numpy_with_the_noise_in_closed_form(count):
    images = image_set(count)
    x = images.images.double().numpy() / 256
    statistics, noise = pixel_statistics(images), 1 / 12 / 256**2
    np.testing.assert_allclose(statistics.mean, x.mean(0) + 0.5 / 256)
    np.testing.assert_allclose(statistics.variance, x.var(0) + noise)
    np.testing.assert_allclose(statistics.variance_sum, x.var(0).sum((1, 2)) + 16 * noise)
    np.testing.assert_allclose(statistics.channel_std, np.sqrt(x.var((0, 2, 3)) + noise))
    eigenvalues = np.linalg.eigvalsh(np.cov(x.reshape(count, -1).T, bias=True))[::-1].clip(0) + noise
    np.testing.assert_allclose(statistics.eigenvalues, eigenvalues, atol=1e-12)
    np.testing.assert_allclose(statistics.trace, statistics.variance.sum())
    means = x.mean((2, 3))
    np.testing.assert_allclose(statistics.channel_mean_se, means.std(0, ddof=1) / np.sqrt(count))
    distances = np.square(x - x.mean(0)).sum((2, 3))
    np.testing.assert_allclose(statistics.variance_sum_se, distances.std(0, ddof=1) / np.sqrt(count))


def test_noise_in_closed_form_is_the_mean_of_drawn_noise():
    images = image_set(2)
    generator = torch.Generator().manual_seed(1)
    drawn = (images.images.double() + torch.rand(20_000, *images.images.shape, generator=generator)) / 256
    variance = drawn.flatten(0, 1).var(0, correction=0).numpy()
    np.testing.assert_allclose(pixel_statistics(images).variance, variance, rtol=2e-2, atol=1e-8)


def test_standard_errors_cover_the_spread_over_samples():
    sums = np.array([pixel_statistics(image_set(60, 1, 3, seed)).variance_sum[0] for seed in range(150)])
    errors = np.array([pixel_statistics(image_set(60, 1, 3, seed)).variance_sum_se[0] for seed in range(150)])
    assert 0.8 < sums.std() / errors.mean() < 1.25


def test_a_second_call_computes_nothing(cache, monkeypatch):
    images = image_set()
    first = cached_statistics(images)
    monkeypatch.setattr(Moments, "from_samples", None)
    second = cached_statistics(images)
    for name in statistics_files.FIELDS:
        np.testing.assert_array_equal(getattr(second, name), getattr(first, name))
    with pytest.raises(TypeError):
        cached_statistics(image_set(seed=1))  # other images are another matter


def test_damaged_statistics_are_computed_again(cache):
    images = image_set()
    first = cached_statistics(images)
    (statistics_directory(images) / "moments.npz").write_bytes(b"damaged")
    np.testing.assert_array_equal(cached_statistics(images).mean, first.mean)


def test_the_tables_are_tidy_and_have_the_papers_sums(cache, tmp_path):
    images = image_set()
    statistics = cached_statistics(images)
    write_statistics(statistics, images, tmp_path)
    channels, pixels, spectrum = (pd.read_csv(tmp_path / f"{n}.csv") for n in ("channels", "pixels", "spectrum"))
    assert list(channels["paper_variance_sum"]) == [61.9, 59.2, 68.1]
    assert list(channels["channel"]) == ["red", "green", "blue"]
    one = pixels[(pixels["channel"] == "green") & (pixels["row"] == 2) & (pixels["column"] == 3)]
    assert one["variance"].item() == pytest.approx(statistics.variance[1, 2, 3])
    assert spectrum["cumulative_share"].iloc[-1] == pytest.approx(1)
    assert spectrum["eigenvalue"].is_monotonic_decreasing
    gray = image_set(channels=1, name="mnist")
    assert statistics_files.channel_table(pixel_statistics(gray), gray)["paper_variance_sum"].isna().all()


def test_a_full_disk_leaves_no_half_written_file(cache, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(statistics_files.np, "savez_compressed", full)
    images = image_set()
    with pytest.raises(RunDirectoryError, match="No space left on device"):
        cached_statistics(images)
    left = {path.name for path in statistics_directory(images).iterdir()}
    assert left == {"channels.csv", "pixels.csv", "spectrum.csv"}
