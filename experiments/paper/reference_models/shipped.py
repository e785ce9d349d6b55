"""The reference models by name: those of the user's own directory, then those of the package.

This module does not import torch.
"""

import os
from pathlib import Path

from curvature.names import unknown_name

MODELS_VARIABLE = "LIKELIHOOD_CURVATURE_MODELS"
PACKAGE = Path(__file__).parent
WEIGHTS, CARD, LIKELIHOODS = "weights.safetensors", "README.md", "bpd.csv"


def model_directories() -> dict[str, Path]:
    """The directory of every reference model, by name; the user's own come first and hide shipped ones."""
    own = os.environ.get(MODELS_VARIABLE)
    places = [Path(own).expanduser()] if own else []
    found: dict[str, Path] = {}
    for place in (*places, PACKAGE):
        for weights in sorted(place.glob(f"[!.]*/{WEIGHTS}")):
            found.setdefault(weights.parent.name, weights.parent)
    return found


def find_model(name_or_run: Path | str) -> Path:
    """The directory of a reference model or of a run: a path that holds a run wins over a name.

    Raises
    ------
    UnknownNameError
        If it is neither; the message suggests the nearest name.
    """
    path, known = Path(name_or_run), model_directories()
    if (path / "config.json").is_file():
        return path
    if str(name_or_run) in known:
        return known[str(name_or_run)]
    if path.exists() or len(path.parts) != 1:
        return path  # a path to a run; opening it reports what is wrong
    error = unknown_name("model", str(name_or_run), known or ["none"])
    error.args = (f"{error}; and a run directory of that name does not exist",)
    raise error
