import numpy as np
import pytest
import torch

from curvature.errors import DtypeError, ShapeError, UnknownNameError
from experiments.data.catalog import load_image_set
from experiments.data.digits import load_digits
from experiments.data.image_set import ImageSet
from experiments.data.photograph_patches import load_photograph_patches, patches_of, read_photograph, split_into_tiles
from experiments.data.registry import EMBEDDED


@pytest.mark.parametrize("name", EMBEDDED)
@pytest.mark.parametrize("split", ["train", "test"])
def test_every_embedded_set_loads_as_pixels_with_its_terms(name, split):
    images = load_image_set(name, split)
    assert images.images.dtype == torch.uint8
    assert images.event_shape[1:] == (8, 8)
    assert images.label == f"{name}/{split}"
    assert all((images.licence, images.source, images.citation))
    assert len(images.head(10)) == 10


def test_loading_twice_gives_the_same_images_and_checksum():
    assert load_image_set("china").checksum == load_image_set("china").checksum
    assert load_image_set("china").checksum != load_image_set("china", "train").checksum


def marked_photograph():
    """Every pixel is its own place, so that shared pixels can be found."""
    return torch.arange(427 * 640, dtype=torch.int32).reshape(1, 427, 640)


@pytest.mark.parametrize("patch_size", [4, 8, 16])
def test_train_and_test_never_share_a_pixel_and_both_spread_over_the_picture(patch_size):
    tiles = split_into_tiles(marked_photograph(), 4 * patch_size)
    pixels = {split: torch.cat([tile.flatten() for tile in tiles[split]]) for split in ("train", "test")}
    assert not set(pixels["train"].tolist()) & set(pixels["test"].tolist())
    share = len(pixels["test"]) / (len(pixels["train"]) + len(pixels["test"]))
    assert 0.15 < share < 0.35
    rows, columns = 427 // 2, 640 // 2
    for split in ("train", "test"):
        row, column = pixels[split] // 640, pixels[split] % 640
        quadrant = 2 * (row >= rows) + (column >= columns)
        assert torch.bincount(quadrant).min() > 0.1 * len(quadrant)


def test_patches_are_windows_of_the_tile():
    tile = read_photograph("china")[:, :32, :32]
    patches = patches_of(tile, 8, 4)
    assert len(patches) == 49
    assert torch.equal(patches[0], tile[:, :8, :8])
    assert torch.equal(patches[1], tile[:, :8, 4:12])
    assert torch.equal(patches[7], tile[:, 4:12, :8])


def test_train_and_test_patches_have_similar_statistics():
    train, test = (load_photograph_patches("china", split).images.double() for split in ("train", "test"))
    assert torch.allclose(train.mean((0, 2, 3)), test.mean((0, 2, 3)), atol=5)


def test_patches_too_large_for_the_photograph_say_how_large_they_may_be():
    with pytest.raises(ShapeError, match="at most 53"):
        load_photograph_patches("china", "train", patch_size=64)


@pytest.mark.parametrize("patch_size", [0, -3])
def test_patches_without_a_pixel_are_refused(patch_size):
    with pytest.raises(ShapeError, match="at least 1"):
        load_photograph_patches("china", "train", patch_size)


def test_digits_span_the_pixel_range_and_grow_with_the_patch_size():
    digits = load_digits("train")
    assert (digits.images.min(), digits.images.max()) == (0, 255)
    assert len(digits) + len(load_digits("test")) == 1797
    larger = load_digits("train", patch_size=16)
    assert torch.equal(larger.images[:, :, ::2, 1::2], digits.images)


def test_an_unknown_set_suggests_the_nearest_name():
    with pytest.raises(UnknownNameError, match="did you mean 'china'"):
        load_image_set("chnia")
    with pytest.raises(UnknownNameError, match=r"unknown data set 'zzzz'; known are: china"):
        load_image_set("zzzz")
    with pytest.raises(UnknownNameError, match=r"split of china 'tset'; did you mean 'test'"):
        load_image_set("china", "tset")


def make(images):
    return ImageSet("mine", "train", images, "made here", "none", "none")


def test_an_image_set_refuses_floats_and_other_shapes():
    with pytest.raises(DtypeError, match="mine/train"):
        make(torch.zeros(2, 3, 4, 4))
    with pytest.raises(ShapeError, match="mine/train"):
        make(torch.from_numpy(np.zeros((2, 4, 4), dtype=np.uint8)))
    with pytest.raises(ShapeError, match="count > 0"):
        make(torch.zeros(0, 3, 4, 4, dtype=torch.uint8))
