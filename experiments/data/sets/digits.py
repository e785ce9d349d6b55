"""Optical Recognition of Handwritten Digits (8 x 8)."""

from typing import TYPE_CHECKING

from experiments.data.data_set import DataSet, DataSetDescription

if TYPE_CHECKING:
    from experiments.data.image_set import ImageSet


def load(split: str, patch_size: int) -> "ImageSet":
    """Make the images of a split."""
    from experiments.data.digits import load_digits  # imported here: descriptions are shown without torch

    return load_digits(split, patch_size)


DATA_SET = DataSet(
    description=DataSetDescription(
        name="digits",
        title="Optical Recognition of Handwritten Digits (8 x 8)",
        event_shape=None,
        licence="CC BY 4.0",
        citation="E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Repository, 1998",
        homepage="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
    ),
    load=load,
)
