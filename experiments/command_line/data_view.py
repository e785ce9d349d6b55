"""The output of the `data` commands: the catalog, checks, download bars, and moments."""

from types import TracebackType

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn
from rich.table import Table

from experiments.data.data_set import OfficialFile
from experiments.data.image_set import ImageSet
from experiments.data.inventory import Holding
from experiments.data.registry import DESCRIPTIONS
from experiments.data.statistics import PixelStatistics
from experiments.data.statistics_files import channel_table, spectrum_table
from experiments.data.verification import Check

MOMENTS_CAPTION = (
    "Pixels on [0, 1], x = (x8 + u)/256 with u uniform: its mean 1/512 and variance (1/256)²/12 are added, not drawn. "
    "Sum of variances: over the pixels of a channel; the paper's were read from Nalisnick et al. 2019 (SVHN: official "
    "test images). Standard errors are over images."
)


def catalog_table(found: dict[str, list[Holding]]) -> Table:
    """Every set, with one row for each place in which some of it was found."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("set", no_wrap=True)
    table.add_column("found", no_wrap=True)
    table.add_column("images by split")
    table.add_column("on disk", justify="right", no_wrap=True)
    table.add_column("shape", no_wrap=True)
    table.add_column("licence")
    for name, places in found.items():
        description = DESCRIPTIONS[name]
        shape = "by patch size" if description.event_shape is None else " x ".join(map(str, description.event_shape))
        terms = (shape, escape(description.licence))
        if not places:
            place = "embedded" if description.is_embedded else "[yellow]missing[/]"
            table.add_row(name, place, ", ".join(description.splits), "", *terms)
        for holding in places:
            counts = (f"{split} {_count(count)}" for split, count in holding.counts.items())
            table.add_row(name, holding.place, ", ".join(counts), f"{holding.size / 1e6:.1f} MB", *terms)
    return table


def check_line(check: Check) -> str:
    """A line that says whether a check passed, of what, and what was found."""
    mark = "[green]ok[/]" if check.passed else "[bold red]FAILED[/]"
    # The message of a failure names the file itself.
    detail = check.detail if check.detail.startswith(check.what) else f"{check.what}: {check.detail}"
    return f"{mark} {escape(detail)}"


class DownloadBars:
    """A bar for each file while it is downloaded; drawn only in a terminal."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal)

    def __enter__(self) -> "DownloadBars":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, file: OfficialFile) -> "DownloadBar":
        """A bar for one more file."""
        return DownloadBar(self._progress, self._progress.add_task(file.name, total=file.size or None))


class DownloadBar:
    """A progress bar with the methods that pooch calls: `total`, `update`, `reset` and `close`."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task

    @property
    def total(self) -> float | None:
        """Bytes to download."""
        return self._progress.tasks[self._task].total

    @total.setter
    def total(self, value: float) -> None:
        self._progress.update(self._task, total=value or None)

    def update(self, count: float) -> None:
        """Count more bytes."""
        self._progress.advance(self._task, count)

    def reset(self) -> None:
        """Start counting again."""
        self._progress.update(self._task, completed=0)

    def close(self) -> None:
        """Do nothing: `DownloadBars` closes all bars."""


def channels_table(statistics: PixelStatistics, images: ImageSet) -> Table:
    """Mean, spread and sum of variances of each channel, with standard errors, beside the paper's sums."""
    rows = channel_table(statistics, images)
    has_paper = bool(rows["paper_variance_sum"].notna().all())
    table = Table(
        title=f"{images.label}: {statistics.count} images",
        caption=MOMENTS_CAPTION,
        box=box.SIMPLE_HEAD,
        caption_justify="left",
    )
    table.add_column("channel")
    columns = [
        "mean",
        "std",
        "sum of variances",
        *(["paper"] if has_paper else []),
        "per-pixel variance: min, median, max",
    ]
    for column in columns:
        table.add_column(column, justify="right")
    for row in rows.itertuples():
        table.add_row(
            str(row.channel),
            f"{row.channel_mean:.4f} ± {row.channel_mean_se:.4f}",
            f"{row.channel_std:.4f}",
            f"{row.variance_sum:.2f} ± {row.variance_sum_se:.2f}",
            *([f"{row.paper_variance_sum:.1f}"] if has_paper else []),
            f"{row.smallest_variance:.2g}, {row.median_variance:.2g}, {row.largest_variance:.2g}",
        )
    return table


def spectrum_lines(statistics: PixelStatistics, components: int) -> Table:
    """The leading eigenvalues of the covariance and their shares of its trace."""
    table = Table(
        title=f"Covariance spectrum: trace {statistics.trace:.3f} over {len(statistics.eigenvalues)} dimensions",
        box=box.SIMPLE_HEAD,
    )
    for column in ("component", "eigenvalue", "share", "share of all up to it"):
        table.add_column(column, justify="right")
    for row in spectrum_table(statistics).head(components).itertuples():
        table.add_row(f"{row.component}", f"{row.eigenvalue:.4g}", f"{row.share:.2%}", f"{row.cumulative_share:.2%}")
    return table


def _count(count: int | None) -> str:
    return "[bold red]damaged[/]" if count is None else f"{count:,}"
