"""The named errors of reading and fetching data sets. No torch here."""

from pathlib import Path

from curvature.errors import ToolkitError

LONGEST_REASON = 200
"""Characters of another library's message that ours repeats."""


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
    words = " ".join(str(what).split())[:LONGEST_REASON]
    return DataFileError(
        f"{path}: damaged, truncated or of another format ({words}); delete it and fetch or copy it anew"
    )
