"""Damaged, forged and misplaced files: each is named, with what to do, and none is unpickled or extracted."""

import io
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.data.catalog import load_image_set
from experiments.data.errors import DataFileError, DataNotFoundError
from experiments.data.formats.idx import parse_idx_images
from experiments.data.inventory import holdings
from experiments.data.registry import REAL_SETS, SOURCES
from experiments.data.verification import verify_set
from tests.experiments.data.official_files import (
    idx_bytes,
    npz_bytes,
    picture_bytes,
    random_images,
    write_cifar10,
    write_mnist_like,
    write_official,
    write_tar,
    write_zip,
)


def every_name(name):
    return True


def files_of(name, directory):
    return sorted({directory / file for split in SOURCES[name].splits.values() for file in split.files})


@pytest.mark.parametrize("name", REAL_SETS)
def test_a_truncated_official_file_is_named_with_what_to_do(name, root, cache):
    directory = root / name
    write_official(name, directory)
    for path in files_of(name, directory):
        if path.suffix != ".txt":
            path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    for split in ("train", "test"):
        with pytest.raises(DataFileError, match=r"(fetch or copy|fetch or copy the official files)") as caught:
            load_image_set(name, split)
        assert str(directory) in str(caught.value)


@pytest.mark.parametrize("name", REAL_SETS)
def test_an_official_file_of_rubbish_is_named_with_what_to_do(name, root, cache):
    directory = root / name
    write_official(name, directory)
    for path in files_of(name, directory):
        path.write_bytes(b"<html>404 Not Found</html>" * 40)
    for split in ("train", "test"):
        with pytest.raises(DataFileError, match="fetch or copy it anew") as caught:
            load_image_set(name, split)
        assert str(directory) in str(caught.value)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_the_idx_reader_fail_otherwise(content):
    if content[:4] != bytes((0, 0, 8, 3)):
        with pytest.raises(DataFileError, match="file: damaged"):
            parse_idx_images(content, "file")


def npz_root(root, name, **splits):
    (root / name).mkdir()
    for split, content in splits.items():
        (root / name / f"{split}.npz").write_bytes(content)


def test_npz_shards_are_joined_in_the_order_of_their_names(root, cache):
    images = random_images(0, 5, 28, 28, 1)
    (root / "mnist").mkdir()
    np.savez(root / "mnist" / "test-01.npz", images=images[3:])
    np.savez(root / "mnist" / "test-00.npz", images=images[:3])
    loaded = load_image_set("mnist")
    assert loaded.source == "mnist/test-00.npz, mnist/test-01.npz"
    assert sorted(image.tobytes() for image in loaded.images.numpy()) == sorted(image.tobytes() for image in images)


def npy_bytes(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def objects():
    return np.array([{"run": "me"}], dtype=object)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (npz_bytes(images=random_images(0, 3, 28, 28, 1))[:-60], "damaged, truncated"),
        (npz_bytes(images=random_images(0, 3, 28, 28, 1))[:900] + b"\0" * 3000, "damaged, truncated"),
        (b"", "damaged, truncated"),
        (b"no zip archive", "damaged, truncated"),
        (pickle.dumps({"images": 1}), "damaged, truncated"),
        (npy_bytes(random_images(0, 3, 28, 28, 1)), "damaged, truncated"),
        (npz_bytes(images=objects()), "Python objects are refused, since reading them can run code"),
        (npz_bytes(pictures=random_images(0, 3, 28, 28, 1)), "expected an array 'images', found 'pictures'"),
        (npz_bytes(images=random_images(0, 3, 32, 32, 1)), r"uint8 \[N, 28, 28, 1\] with N > 0, got uint8 \[3, 32, 32"),
        (npz_bytes(images=random_images(0, 3, 28, 28)), r"got uint8 \[3, 28, 28\]"),
        (npz_bytes(images=np.zeros((3, 28, 28, 1), np.float32)), "got float32"),
        (npz_bytes(images=np.zeros((0, 28, 28, 1), np.uint8)), "with N > 0"),
    ],
)
def test_a_bad_npz_file_is_named(content, message, root, cache):
    npz_root(root, "mnist", test=content)
    with pytest.raises(DataFileError, match=message) as caught:
        load_image_set("mnist")
    assert str(root / "mnist" / "test.npz") in str(caught.value)


def test_a_damaged_npz_file_is_listed_as_damaged(root, cache):
    npz_root(root, "mnist", test=b"no zip archive", train=npz_bytes(images=random_images(0, 3, 28, 28, 1)))
    (holding,) = holdings("mnist")
    assert holding.counts == {"train": 3, "test": None}


def test_a_missing_set_says_where_it_was_looked_for_and_which_command_fetches_it(root, cache):
    with pytest.raises(DataNotFoundError, match="likelihood-curvature data fetch kmnist") as caught:
        load_image_set("kmnist")
    assert f"{root / 'kmnist'} (data root), {cache / 'kmnist'} (cache)" in str(caught.value)
    with pytest.raises(DataNotFoundError, match="npz layout only"):
        load_image_set("cifar10", "heldout")


def test_held_out_images_are_only_those_held_out_from_the_training_images_beside_them(root, cache):
    (cache / "cifar10").mkdir(parents=True)
    write_cifar10(cache / "cifar10")  # all training images, the held-out ones among them
    npz_root(root, "cifar10", heldout=npz_bytes(images=random_images(0, 3, 32, 32, 3)))
    with pytest.raises(DataNotFoundError):
        load_image_set("cifar10", "heldout")
    (root / "cifar10" / "train.npz").write_bytes(npz_bytes(images=random_images(1, 3, 32, 32, 3)))
    assert len(load_image_set("cifar10", "heldout")) == 3


def test_images_held_out_in_the_cache_are_not_read_beside_other_training_images_of_the_data_root(root, cache):
    write_official("cifar10", root / "cifar10")
    (cache / "cifar10").mkdir(parents=True)
    for split in ("train", "heldout"):
        content = npz_bytes(images=random_images(0, 3, 32, 32, 3))
        (cache / "cifar10" / f"{split}.npz").write_bytes(content)
    assert len(load_image_set("cifar10", "train")) == 10
    with pytest.raises(DataNotFoundError):
        load_image_set("cifar10", "heldout")


def test_a_damaged_file_that_may_number_photographs_is_found_and_named_when_it_is_read(root, cache):
    npz_root(root, "svhn", test=b"no zip archive")
    (holding,) = holdings("svhn")
    assert holding.counts == {"train": None, "test": None}
    with pytest.raises(DataFileError, match=r"test\.npz: damaged"):
        load_image_set("svhn", "test")
    failed = [check for check in verify_set("svhn") if not check.passed]
    assert [check.what for check in failed] == ["svhn/train", "svhn/test"]


def test_a_damaged_file_is_not_recorded_so_that_a_sound_one_in_its_place_passes(root, cache):
    npz_root(root, "mnist", test=b"no zip archive")
    assert not all(check.passed for check in verify_set("mnist"))
    (root / "mnist" / "test.npz").write_bytes(npz_bytes(images=random_images(0, 3, 28, 28, 1)))
    assert all(check.passed for check in verify_set("mnist"))


def test_pictures_of_another_size_are_refused(root, cache):
    (root / "omniglot").mkdir()
    picture = picture_bytes(random_images(0, 1, 1, 28, 28)[0])
    write_zip(root / "omniglot" / "images_evaluation.zip", {"images_evaluation/a.png": picture})
    with pytest.raises(DataFileError, match="expected a picture of 105 x 105 pixels, got 28 x 28"):
        load_image_set("omniglot")


def test_a_damaged_picture_is_named(root, cache):
    (root / "omniglot").mkdir()
    write_zip(root / "omniglot" / "images_evaluation.zip", {"images_evaluation/a.png": b"\x89PNG\r\n\x1a\nrubbish"})
    with pytest.raises(DataFileError, match=r"images_evaluation/a\.png: damaged"):
        load_image_set("omniglot")


def test_idx_images_of_another_size_are_refused(root, cache):
    (root / "mnist").mkdir()
    (root / "mnist" / "t10k-images-idx3-ubyte.gz").write_bytes(idx_bytes(random_images(0, 3, 14, 14)))
    with pytest.raises(DataFileError, match=r"expected images of shape \[1, 28, 28\], got \[1, 14, 14\]"):
        load_image_set("mnist")


def test_a_mat_file_without_images_of_the_right_shape_is_refused(root, cache):
    from scipy.io import savemat

    (root / "svhn").mkdir()
    for arrays, message in (
        ({"X": np.zeros((3, 32, 32, 2), np.uint8)}, r"got uint8 \[3, 32, 32, 2\]"),
        ({"X": np.zeros((32, 32, 3, 2))}, "got double"),
        ({"Y": np.zeros(3)}, "no array 'X'"),
    ):
        savemat(root / "svhn" / "train_32x32.mat", arrays)
        with pytest.raises(DataFileError, match=message):
            load_image_set("svhn", "train")


def test_imagenet_files_with_objects_or_other_shapes_are_refused(root, cache):
    (root / "imagenet32").mkdir()
    archive = root / "imagenet32" / "Imagenet32_val_npz.zip"
    write_zip(archive, {"val_data.npz": npz_bytes(data=objects())})
    with pytest.raises(DataFileError, match="Python objects are refused, since reading them can run code"):
        load_image_set("imagenet32")
    write_zip(archive, {"val_data.npz": npz_bytes(data=np.zeros((2, 768), np.uint8))})
    with pytest.raises(DataFileError, match=r"uint8 \[N, 3072\], got uint8 \[2, 768\]"):
        load_image_set("imagenet32")


def test_a_celeba_list_of_another_form_is_named_with_its_line(root, cache):
    directory = root / "celeba32"
    write_official("celeba32", directory)
    (directory / "list_eval_partition.txt").write_text("000001.jpg 0\n000002.jpg train\n")
    with pytest.raises(DataFileError, match=r"list_eval_partition\.txt.*line 2"):
        load_image_set("celeba32")


def test_pictures_that_celeba_s_list_names_must_all_be_there(root, cache):
    directory = root / "celeba32"
    write_official("celeba32", directory)
    with zipfile.ZipFile(directory / "img_align_celeba.zip") as archive:
        archive.extractall(directory)
    (directory / "img_align_celeba.zip").unlink()
    (directory / "img_align_celeba" / "000001.jpg").unlink()
    with pytest.raises(DataFileError, match="names 6 pictures of this split, 5 are there"):
        load_image_set("celeba32", "train")


def test_an_archive_without_its_members_is_named(root, cache):
    (root / "cifar10").mkdir()
    write_tar(root / "cifar10" / "cifar-10-binary.tar.gz", {"cifar-10-batches-bin/readme.html": b""})
    with pytest.raises(DataFileError, match=r"no member test_batch\.bin"):
        load_image_set("cifar10")


def test_photograph_numbers_that_do_not_fit_the_images_are_refused(root, cache):
    images = random_images(0, 4, 32, 32, 3)
    npz_root(root, "svhn", test=npz_bytes(images=images, source_image=np.arange(3)))
    with pytest.raises(DataFileError, match="4 images, but 3 photograph numbers"):
        load_image_set("svhn")


def test_a_file_in_memory_is_no_place_for_pickles():
    """The writers above do make object arrays, so that the refusals are of the real thing."""
    with pytest.raises(ValueError, match="Object arrays"):
        np.load(io.BytesIO(npz_bytes(images=objects())), allow_pickle=False)["images"]


def test_mnist_like_sets_keep_apart(root, cache):
    (root / "fashion_mnist").mkdir()
    write_mnist_like(root / "fashion_mnist")
    with pytest.raises(DataNotFoundError):
        load_image_set("mnist")
