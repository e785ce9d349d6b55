"""Statistics of a set kept in the cache, by the content of its images, and written as tidy tables."""

import dataclasses
from math import prod
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.data.errors import DataFileError
from experiments.data.image_set import ImageSet
from experiments.data.location import cache_directory
from experiments.data.npz_layout import read_array
from experiments.data.statistics import PAPER_VARIANCE_SUMS, PixelStatistics, pixel_statistics
from experiments.storage.atomic_write import make_directory, replacement

FORMAT = 1  # to be raised when what is computed changes
ARRAYS = "moments.npz"
FIELDS = tuple(field.name for field in dataclasses.fields(PixelStatistics))


def statistics_directory(images: ImageSet) -> Path:
    """Where the statistics of exactly these images are kept."""
    return cache_directory() / "moments" / f"{images.checksum[:32]}-{FORMAT}"


def cached_statistics(images: ImageSet) -> PixelStatistics:
    """The statistics from the cache; computed and kept there if they are not, or if what is there cannot be read.

    Raises
    ------
    TooFewSamplesError
        With fewer than two images.
    RunDirectoryError
        If the cache cannot be written.
    """
    directory = statistics_directory(images)
    statistics = _read(directory / ARRAYS, images.event_shape)
    if statistics is None:
        statistics = pixel_statistics(images)
        write_statistics(statistics, images, directory)
    return statistics


def write_statistics(statistics: PixelStatistics, images: ImageSet, directory: Path) -> None:
    """Write `channels.csv`, `pixels.csv`, `spectrum.csv` and, last, `moments.npz` with all of it.

    Raises
    ------
    RunDirectoryError
        If the files cannot be written.
    """
    make_directory(directory)
    tables = {
        "channels": channel_table(statistics, images),
        "pixels": pixel_table(statistics),
        "spectrum": spectrum_table(statistics),
    }
    for name, table in tables.items():
        with replacement(directory / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=False)
    with replacement(directory / ARRAYS) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **{name: getattr(statistics, name) for name in FIELDS})


def channel_table(statistics: PixelStatistics, images: ImageSet) -> pd.DataFrame:
    """One row a channel, with the paper's sum of variances where it has one."""
    paper = PAPER_VARIANCE_SUMS.get(images.name)
    columns = ("channel_mean", "channel_mean_se", "channel_std", "variance_sum", "variance_sum_se")
    return pd.DataFrame(
        {
            "set": images.name,
            "split": images.split,
            "n_images": statistics.count,
            "channel": channel_names(len(statistics.channel_mean)),
            **{column: getattr(statistics, column) for column in columns},
            "paper_variance_sum": [np.nan] * len(statistics.mean) if paper is None else paper,
            "smallest_variance": statistics.variance.min((1, 2)),
            "median_variance": np.median(statistics.variance, (1, 2)),
            "largest_variance": statistics.variance.max((1, 2)),
        }
    )


def pixel_table(statistics: PixelStatistics) -> pd.DataFrame:
    """One row a pixel and channel: mean and variance over the images."""
    channels, rows, columns = np.indices(statistics.mean.shape).reshape(3, -1)
    return pd.DataFrame(
        {
            "channel": np.array(channel_names(len(statistics.mean)))[channels],
            "row": rows,
            "column": columns,
            "mean": statistics.mean.reshape(-1),
            "variance": statistics.variance.reshape(-1),
        }
    )


def spectrum_table(statistics: PixelStatistics) -> pd.DataFrame:
    """One row a principal component: eigenvalue, share of the trace, and of all components up to it."""
    return pd.DataFrame(
        {
            "component": np.arange(1, len(statistics.eigenvalues) + 1),
            "eigenvalue": statistics.eigenvalues,
            "share": statistics.share,
            "cumulative_share": statistics.share.cumsum(),
        }
    )


def channel_names(count: int) -> list[str]:
    """Gray, or red, green and blue."""
    return ["gray"] if count == 1 else ["red", "green", "blue"]


def _read(path: Path, event_shape: tuple[int, int, int]) -> PixelStatistics | None:
    """What was kept; None if there is nothing or it is damaged, since it can be computed again."""
    channels, dim = event_shape[:1], (prod(event_shape),)
    shapes = {"mean": event_shape, "variance": event_shape, "eigenvalues": dim}
    try:
        arrays = {name: read_array(path, name) for name in FIELDS}
    except DataFileError:
        return None
    count = arrays.pop("count")
    if count.shape or count.dtype.kind not in "iu":
        return None
    if any(array.shape != shapes.get(name, channels) for name, array in arrays.items()):
        return None
    return PixelStatistics(**arrays, count=int(count))
