"""The options of `likelihood-curvature data list | fetch | verify | moments`. No torch here."""

from dataclasses import dataclass
from typing import Annotated

import tyro

from experiments.command_line.paths import ExistingDirectory, OutputDirectory
from experiments.settings import PatchSize, Range


@dataclass(frozen=True)
class ListOptions:
    """Show every data set: where it was found, splits and counts, size on disk, shape and licence."""

    data_root: ExistingDirectory | None = None
    """Directory of the data sets; LIKELIHOOD_CURVATURE_DATA by default."""


@dataclass(frozen=True)
class FetchOptions:
    """Download the official files of data sets into the cache, as far as they are not there or in the data root."""

    sets: tyro.conf.Positional[tuple[str, ...]]
    """Names of data sets, such as mnist cifar10."""
    data_root: ExistingDirectory | None = None
    """Directory of the data sets; LIKELIHOOD_CURVATURE_DATA by default."""


@dataclass(frozen=True)
class VerifyDataOptions:
    """Check the checksums of data files and that they can be read; exit code 1, with the file's name, if one fails."""

    sets: tyro.conf.Positional[tuple[str, ...]] = ()
    """Names of data sets; by default all that are found."""
    data_root: ExistingDirectory | None = None
    """Directory of the data sets; LIKELIHOOD_CURVATURE_DATA by default."""


@dataclass(frozen=True)
class MomentsOptions:
    """Show means and variances of a set's pixels, sums of variances beside the paper's, and the covariance spectrum."""

    images: tyro.conf.Positional[str]
    """SET[/SPLIT], such as cifar10/train; the test images by default."""
    components: Annotated[int, Range(1, 10**6)] = 10
    """Leading eigenvalues of the covariance to show; the files hold all."""
    patch_size: PatchSize = 8
    """Height and width of the embedded image patches, in pixels."""
    out: OutputDirectory | None = None
    """Directory for the tables, beside the copy that is kept in the cache."""
    data_root: ExistingDirectory | None = None
    """Directory of the data sets; LIKELIHOOD_CURVATURE_DATA by default."""


Action = (
    Annotated[ListOptions, tyro.conf.subcommand("list")]
    | Annotated[FetchOptions, tyro.conf.subcommand("fetch")]
    | Annotated[VerifyDataOptions, tyro.conf.subcommand("verify")]
    | Annotated[MomentsOptions, tyro.conf.subcommand("moments")]
)
ACTIONS = ("list", "fetch", "verify", "moments")


@dataclass(frozen=True)
class DataOptions:
    """List, fetch and verify data sets, and show their moments."""

    action: tyro.conf.OmitSubcommandPrefixes[tyro.conf.OmitArgPrefixes[Action]]
    """What to do."""
