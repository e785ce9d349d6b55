"""`likelihood-curvature data`: what data sets there are, where they lie, whether they are whole, and their moments."""

import sys
from math import prod

from rich.console import Console

from curvature.errors import ConfigError
from curvature.names import require_known
from experiments.command_line.console import table_console
from experiments.command_line.data_options import (
    DataOptions,
    FetchOptions,
    ListOptions,
    MomentsOptions,
    VerifyDataOptions,
)
from experiments.command_line.data_view import DownloadBars, catalog_table, channels_table, check_line, spectrum_lines
from experiments.command_line.exits import FAILED_CHECK
from experiments.data.catalog import load_image_set, require_known_set
from experiments.data.errors import DataNotFoundError, DownloadError
from experiments.data.fetching import fetch
from experiments.data.inventory import holdings
from experiments.data.location import cache_directory, data_root, use_data_root
from experiments.data.registry import DESCRIPTIONS, REAL_SETS
from experiments.data.statistics_files import cached_statistics, statistics_directory, write_statistics
from experiments.data.verification import is_present, verify_set
from experiments.memory import FLOAT64, require_memory


def run(options: DataOptions) -> None:
    """Do what was asked for."""
    action, console = options.action, table_console()
    if action.data_root is not None:
        use_data_root(action.data_root)
    match action:
        case ListOptions():
            _list(console)
        case FetchOptions():
            _fetch(action, console)
        case VerifyDataOptions():
            _verify(action, console)
        case MomentsOptions():
            _moments(action, console)


def _list(console: Console) -> None:
    console.print(catalog_table({name: holdings(name) if name in REAL_SETS else [] for name in DESCRIPTIONS}))
    console.print(
        f"data root: {data_root() or 'none set'}\ncache: {cache_directory()}", soft_wrap=True, highlight=False
    )


def _fetch(options: FetchOptions, console: Console) -> None:
    """Fetch set after set; one that fails does not keep the others from being fetched, and is told at the end."""
    if not options.sets:
        raise ConfigError("data fetch: name at least one data set, such as mnist; data list shows all")
    for name in options.sets:
        require_known_set(name)
    failures = []
    for name in options.sets:
        if DESCRIPTIONS[name].is_embedded:
            console.print(f"{name}: embedded, nothing to fetch", highlight=False)
            continue
        try:
            with DownloadBars(console) as bars:
                paths = fetch(name, bars)
        except (DataNotFoundError, DownloadError) as error:
            failures.append(error)
            continue
        for path in paths:
            console.print(f"{name}: downloaded {path}", soft_wrap=True, highlight=False)
        if not paths:
            console.print(f"{name}: nothing to download, it is here already", highlight=False)
    if failures:
        raise DownloadError("; ".join(map(str, failures)))


def _verify(options: VerifyDataOptions, console: Console) -> None:
    for name in options.sets:
        require_known("data set with files", name, REAL_SETS)
    names = options.sets or tuple(name for name in REAL_SETS if is_present(name))
    checks = []
    for name in names:
        for check in verify_set(name):
            checks.append(check)
            console.print(check_line(check), soft_wrap=True, highlight=False)
    failed = [check.what for check in checks if not check.passed]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
        sys.exit(FAILED_CHECK)
    if not checks:
        console.print("no data files found; data list shows where they are looked for", highlight=False)


def _moments(options: MomentsOptions, console: Console) -> None:
    name, _, split = options.images.partition("/")
    images = load_image_set(name, split or "test", options.patch_size)
    covariance = 3 * FLOAT64 * prod(images.event_shape) ** 2  # the matrix, its eigenvectors and the solver's copy
    require_memory(covariance, f"the covariance of {images.label}", "lower --patch-size")
    with console.status(f"moments of {images.label}"):
        statistics = cached_statistics(images)
    directory = statistics_directory(images)
    if options.out is not None:
        directory = options.out
        write_statistics(statistics, images, directory)
    console.print(channels_table(statistics, images))
    console.print(spectrum_lines(statistics, options.components))
    files = f"tables: channels.csv, pixels.csv, spectrum.csv, moments.npz in {directory}"
    console.print(f"source: {images.source}\n{files}", soft_wrap=True, highlight=False)
