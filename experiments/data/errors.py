"""The named errors of reading and fetching data sets. No torch here."""

from curvature.errors import ToolkitError


class DataNotFoundError(ToolkitError, FileNotFoundError):
    """A data set, or a split of it, is in none of the places where it is looked for."""


class DataFileError(ToolkitError, ValueError):
    """A data file is damaged, truncated, or not of the format that its name promises."""
