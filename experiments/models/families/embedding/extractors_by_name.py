"""Extractors by name: those of the package `extractors`, or one's own."""

from importlib import import_module

from experiments.models.families.embedding.extractor import Extractor
from experiments.models.families.embedding.imported import load
from experiments.models.importable import is_importable

PACKAGE = "experiments.models.families.embedding.extractors"


def build_extractor(name: str, image_shape: tuple[int, int, int], seed: int) -> Extractor:
    """Make the extractor of that name, which `EmbeddingConfig` has checked.

    Raises
    ------
    ConfigError, UnknownNameError
        If it is one's own and cannot be imported.
    ShapeError
        If it does not take images of that shape.
    """
    if is_importable(name):
        return load(name)
    extractor: Extractor = import_module(f"{PACKAGE}.{name}").build(image_shape, seed)
    return extractor
