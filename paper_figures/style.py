"""The style of every figure: column widths, a colour-blind safe palette, and how figures are written to files."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

COLUMN_WIDTH = 3.4  # inches
PAGE_WIDTH = 7.0

# Okabe and Ito (2008): distinguishable with every common form of colour blindness.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "v", "D", "P", "X", "*", "<", ">", "h", "p")
SHADE = "#DDDDDD"
REFERENCE = "0.35"
"""Colour of lines that hold no data: zero, the identity, a ratio of 1."""
WHITE_EDGE: dict[str, Any] = {"markeredgecolor": "white", "markeredgewidth": 0.4}
"""Edge of markers, so that overlapping ones can be told apart."""

_RC: dict[Any, Any] = {
    "font.size": 8,
    "figure.titlesize": 8.5,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8.5,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "lines.linewidth": 1.0,
    "lines.markersize": 5,
    "legend.frameon": False,
    "figure.dpi": 150,
    "savefig.dpi": 200,
    "svg.hashsalt": "likelihood-curvature",
}


def look(index: int) -> dict[str, Any]:
    """Colour and marker of the index-th of several sets.

    Colours and markers repeat after different numbers of sets, so the pairs repeat only after many.
    """
    return {"color": PALETTE[index % len(PALETTE)], "marker": MARKERS[index % len(MARKERS)]}


@contextmanager
def style() -> Iterator[None]:
    """Use the toolkit's style within a with block; matplotlib's settings are restored afterwards."""
    with mpl.rc_context(_RC):
        yield


def save(figure: Figure, path: Path, source: str) -> list[Path]:
    """Write a figure as PNG and PDF, each with a `source` line (run, seed, tables) in its metadata."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = []
    for kind, key in (("png", "Description"), ("pdf", "Subject")):
        target = path.with_suffix(f".{kind}")
        # A name of its own: another process may draw the same figure. The file appears in its place whole.
        unfinished = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
        try:
            figure.savefig(unfinished, format=kind, metadata={key: source})
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)
        written.append(target)
    return written
