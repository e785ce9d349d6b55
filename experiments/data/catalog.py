"""The catalog: every data set by its name."""

from collections.abc import Callable
from functools import partial

from curvature.names import require_known
from experiments.data.digits import load_digits
from experiments.data.image_set import ImageSet
from experiments.data.photograph_patches import PHOTOGRAPHS, load_photograph_patches

SPLITS = ("train", "test")

Loader = Callable[[str, int], ImageSet]

EMBEDDED = (*PHOTOGRAPHS, "digits")

CATALOG: dict[str, Loader] = {
    **{name: partial(load_photograph_patches, name) for name in PHOTOGRAPHS},
    "digits": load_digits,
}


def load_image_set(name: str, split: str = "test", patch_size: int = 8) -> ImageSet:
    """A split of a data set of the catalog.

    Parameters
    ----------
    name
        A key of the catalog: `china`, `flower` or `digits`.
    split
        `train` or `test`.
    patch_size
        Height and width of the embedded images, in pixels.

    Raises
    ------
    UnknownNameError
        If there is no such set or split; the message suggests the nearest name.
    """
    require_known_set(name)
    require_known("split", split, SPLITS)
    return CATALOG[name](split, patch_size)


def require_known_set(name: str) -> None:
    """Raise an `UnknownNameError` that suggests the nearest name unless the catalog has the set."""
    require_known("data set", name, CATALOG)
