"""The catalog: every data set by its name."""

from collections.abc import Callable
from functools import partial

from curvature.names import require_known
from experiments.data.descriptions import DESCRIPTIONS, EMBEDDED, REAL_SETS
from experiments.data.digits import load_digits
from experiments.data.image_set import ImageSet
from experiments.data.own_arrays import is_own_array
from experiments.data.own_images import load_own_images, require_own_array
from experiments.data.photograph_patches import PHOTOGRAPHS, load_photograph_patches
from experiments.data.stored_sets import load_stored_set

__all__ = ["CATALOG", "EMBEDDED", "load_image_set", "require_known_set"]

Loader = Callable[[str, int], ImageSet]


def _load_stored(name: str, split: str, patch_size: int) -> ImageSet:
    """A set of its own image size: the patch size does not matter."""
    return load_stored_set(name, split)


CATALOG: dict[str, Loader] = {
    **{name: partial(load_photograph_patches, name) for name in PHOTOGRAPHS},
    "digits": load_digits,
    **{name: partial(_load_stored, name) for name in REAL_SETS},
}


def load_image_set(name: str, split: str = "test", patch_size: int = 8) -> ImageSet:
    """A split of a data set of the catalog, in a fixed random order. Nothing is downloaded.

    Parameters
    ----------
    name
        A key of the catalog, such as `china`, `mnist` or `cifar10`; or one's own ``FILE.npy`` or ``FILE.npz[:KEY]``.
    split
        `train`, `test`, or another that the set has (`cifar10/heldout`); a file has none, and gives all its images.
    patch_size
        Height and width of the embedded images, in pixels; the other sets have their own size.

    Raises
    ------
    UnknownNameError
        If there is no such set or split; the message suggests the nearest name.
    DataNotFoundError
        If the set's files are in none of the places where they are looked for.
    DataFileError
        If a file is damaged.
    """
    if is_own_array(name):
        return load_own_images(name)
    require_known_set(name)
    require_known(f"split of {name}", split, DESCRIPTIONS[name].splits)
    return CATALOG[name](split, patch_size)


def require_known_set(name: str) -> None:
    """Raise an `UnknownNameError` that suggests the nearest name unless the catalog, or a file, has the set."""
    if is_own_array(name):
        require_own_array(name)
    else:
        require_known("data set", name, CATALOG)
