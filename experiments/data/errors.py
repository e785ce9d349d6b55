"""The named errors of reading and fetching data sets. No torch here."""

from pathlib import Path

from curvature.errors import ToolkitError


class DataNotFoundError(ToolkitError, FileNotFoundError):
    """A data set, or a split of it, is in none of the places where it is looked for."""


class DataFileError(ToolkitError, ValueError):
    """A data file is damaged, truncated, or not of the format that its name promises."""


class ChecksumError(DataFileError):
    """A data file has another checksum than the published or the recorded one."""


class DownloadError(ToolkitError, OSError):
    """A data file could not be downloaded or kept."""


def damaged(path: Path | str, what: object) -> DataFileError:
    """Word a failed read in one line: which file, why, and what to do."""
    return DataFileError(
        f"{path}: damaged, truncated or of another format ({what}); delete it and fetch or copy it anew"
    )
