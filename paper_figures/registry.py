"""The registry of figures: the name of each, the tables that it reads, and the function that draws it.

A figure is one module of this package with one function under `@figure`. All modules are imported when a figure is
first asked for, so a new figure is a new file and nothing else names it. This module does not import matplotlib.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from curvature.discovery import modules_of
from curvature.errors import OptionError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DrawingFunction = TypeVar("DrawingFunction", bound="Callable[..., Figure]")


@dataclass(frozen=True)
class RegisteredFigure:
    """A figure that can be drawn by its name.

    Attributes
    ----------
    name
        Words joined by hyphens, such as ``likelihood-gaps``; the files have the same name with underscores.
    reads
        File names of the tables, in the order of the drawing function's arguments.
    made_by
        The command that writes the tables; empty if there is none.
    draw
        Takes a DataFrame for each table and returns the figure.
    """

    name: str
    reads: tuple[str, ...]
    made_by: str
    draw: "Callable[..., Figure]"

    @property
    def file_stem(self) -> str:
        """Name of the files without their suffix."""
        return self.name.replace("-", "_")


_FIGURES: dict[str, RegisteredFigure] = {}


def figure(name: str, *, reads: tuple[str, ...], made_by: str = "") -> Callable[[DrawingFunction], DrawingFunction]:
    """Register a drawing function, without changing it.

    Parameters
    ----------
    name
        The figure's name, words joined by hyphens.
    reads
        File names of the tables that the function takes as DataFrames, in this order.
    made_by
        The command that writes these tables, for the message where one is missing.

    Raises
    ------
    OptionError
        If another module has registered that name, or the figure reads no table.
    """
    if not reads:
        raise OptionError(f"figure {name!r}: expected the names of the tables that it reads, got none")

    def register(draw: DrawingFunction) -> DrawingFunction:
        before = _FIGURES.get(name)
        if before is not None and before.draw.__module__ != draw.__module__:
            modules = f"{before.draw.__module__} and {draw.__module__}"
            raise OptionError(f"figure {name!r} is registered twice, by {modules}; give one of them another name")
        _FIGURES[name] = RegisteredFigure(name, reads, made_by, draw)
        return draw

    return register


def registered_figures() -> dict[str, RegisteredFigure]:
    """All figures by name, in alphabetical order. The first call imports every module of this package."""
    modules_of("paper_figures")
    return dict(sorted(_FIGURES.items()))
