"""Figures by name: they register themselves as entry points, so that this layer draws them without importing theirs."""

from importlib.metadata import entry_points
from pathlib import Path

from curvature.errors import UnknownNameError

GROUP = "likelihood_curvature.figures"


def draw_figure(name: str, run: Path) -> list[Path]:
    """Draw a registered figure from a run directory; returns the files written.

    Raises
    ------
    UnknownNameError
        If no figure of that name is registered.
    """
    known = {point.name: point for point in entry_points(group=GROUP)}
    if name not in known:
        raise UnknownNameError(
            f"unknown figure '{name}'; registered are: {', '.join(known) or 'none, install the package first'}"
        )
    files: list[Path] = known[name].load()(run)
    return files
