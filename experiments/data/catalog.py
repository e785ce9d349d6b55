"""The catalog: every data set by its name."""

from collections.abc import Callable
from functools import partial

from analysis.representation import UNIFORM, Representation
from curvature.names import require_known
from experiments.data.data_set import DataSet
from experiments.data.image_set import ImageSet
from experiments.data.own_arrays import is_own_array
from experiments.data.own_images import load_own_images, require_own_array
from experiments.data.registry import DATA_SETS, DESCRIPTIONS
from experiments.data.stored_sets import load_stored_set

Loader = Callable[[str, int], ImageSet]


def _load_stored(name: str, split: str, patch_size: int) -> ImageSet:
    """A set of its own image size: the patch size does not matter."""
    return load_stored_set(name, split)


def _loader(name: str, data_set: DataSet) -> Loader:
    return partial(_load_stored, name) if data_set.load is None else data_set.load


CATALOG: dict[str, Loader] = {name: _loader(name, data_set) for name, data_set in DATA_SETS.items()}


def load_image_set(
    name: str, split: str = "test", patch_size: int = 8, representation: Representation = UNIFORM
) -> ImageSet:
    """A split of a data set of the catalog, in a fixed random order. Nothing is downloaded.

    Parameters
    ----------
    name
        A key of the catalog, such as `china`, `mnist` or `cifar10`; or one's own ``FILE.npy`` or ``FILE.npz[:KEY]``.
    split
        `train`, `test`, or another that the set has (`cifar10/heldout`); a file has none, and gives all its images.
    patch_size
        Height and width of the embedded images, in pixels; the other sets have their own size.
    representation
        The range of the floats in one's own file, and its number of levels.

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
        return load_own_images(name, representation)
    require_known_split(name, split)
    return CATALOG[name](split, patch_size)


def require_known_set(name: str) -> None:
    """Raise an `UnknownNameError` that suggests the nearest name unless the catalog, or a file, has the set."""
    if is_own_array(name):
        require_own_array(name)
    else:
        require_known("data set", name, CATALOG)


def require_known_split(name: str, split: str) -> None:
    """Raise an `UnknownNameError` that suggests the nearest name unless the set is there and has this split."""
    require_known_set(name)
    if not is_own_array(name):
        require_known(f"split of {name}", split, DESCRIPTIONS[name].splits)
