"""The options of `likelihood-curvature data list | fetch | verify | moments`. This module does not import torch."""

from dataclasses import dataclass
from typing import Annotated

import tyro

from experiments.command_line.paths import ExistingDirectory, OutputDirectory
from experiments.settings import PatchSize, Range


@dataclass(frozen=True)
class ListOptions:
    """List every data set: where it was found, splits and counts, size on disk, shape and licence."""

    data_root: ExistingDirectory | None = None
    """Directory of the data sets; LIKELIHOOD_CURVATURE_DATA by default."""


@dataclass(frozen=True)
class FetchOptions:
    """Download the official files of data sets into the cache, unless they are there or in the data root."""

    sets: tyro.conf.Positional[tuple[str, ...]]
    """Names of data sets, such as mnist cifar10."""
    data_root: ExistingDirectory | None = None
    """Directory of the data sets; LIKELIHOOD_CURVATURE_DATA by default."""


@dataclass(frozen=True)
class VerifyDataOptions:
    """Check that data files can be read and have the right checksums; the exit code is 1 if one fails."""

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
    """Number of leading eigenvalues of the covariance to show; the tables have all of them."""
    patch_size: PatchSize = 8
    """Height and width of the embedded image patches, in pixels."""
    out: OutputDirectory | None = None
    """Directory for the tables; a copy is always kept in the cache."""
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
    """The action."""
