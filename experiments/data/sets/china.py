"""Patches of scikit-learn's photograph china.jpg."""

from typing import TYPE_CHECKING

from experiments.data.data_set import DataSet, DataSetDescription

if TYPE_CHECKING:
    from experiments.data.image_set import ImageSet


def load(split: str, patch_size: int) -> "ImageSet":
    """Cut the patches of a split."""
    # Imported here: descriptions are shown without torch.
    from experiments.data.photograph_patches import load_photograph_patches

    return load_photograph_patches("china", split, patch_size, DATA_SET.description.citation)


DATA_SET = DataSet(
    description=DataSetDescription(
        name="china",
        title="Patches of scikit-learn's photograph china.jpg",
        event_shape=None,
        licence="CC BY 2.0",
        citation="photograph by danielbuechele, https://www.flickr.com/photos/danielbuechele/6061409035, "
        "distributed with scikit-learn",
        homepage="https://scikit-learn.org/stable/datasets/loading_other_datasets.html#sample-images",
        any_size=True,
    ),
    load=load,
)
