"""Every reader against files of the official format that were written from arrays."""

import gzip
import tarfile
import zipfile

import numpy as np
import pytest
import torch

from experiments.data import decoded
from experiments.data.catalog import load_image_set
from experiments.data.image_set import shuffled
from experiments.data.registry import DESCRIPTIONS, REAL_SETS, SOURCES
from experiments.data.stored_sets import find_split
from experiments.storage.tensor_file import write_tensors
from tests.experiments.data.official_files import random_images, write_official


@pytest.mark.parametrize("place", ["root", "cache"])
@pytest.mark.parametrize("name", REAL_SETS)
def test_official_files_give_back_the_images_that_went_in(name, place, root, cache):
    written = write_official(name, (root if place == "root" else cache) / name)
    for split, expected in written.items():
        images = load_image_set(name, split)
        assert images.event_shape == DESCRIPTIONS[name].event_shape
        assert torch.equal(images.images, shuffled(torch.from_numpy(expected)))
        assert all(file in images.source for file in SOURCES[name].splits[split].files)
        assert find_split(name, split).place == {"root": "data root", "cache": "cache"}[place]


@pytest.mark.parametrize("name", ["notmnist", "omniglot", "cifar10", "emnist_letters", "celeba32", "tinyimagenet32"])
def test_unpacked_archives_are_read_as_well(name, root, cache):
    directory = root / name
    written = write_official(name, directory)
    for file in SOURCES[name].files:
        archive = directory / file.name
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(directory)
        elif tarfile.is_tarfile(archive):
            with tarfile.open(archive) as packed:
                packed.extractall(directory, filter="data")
        if file.extracted:
            archive.unlink()
    for split, expected in written.items():
        assert torch.equal(load_image_set(name, split).images, shuffled(torch.from_numpy(expected)))


def test_unpacked_files_of_imagenet32_are_not_taken_for_the_npz_layout(root, cache):
    directory = root / "imagenet32"
    written = write_official("imagenet32", directory)
    for file in SOURCES["imagenet32"].files:
        with zipfile.ZipFile(directory / file.name) as packed:
            packed.extractall(directory)
        (directory / file.name).unlink()
    for split, expected in written.items():
        assert torch.equal(load_image_set("imagenet32", split).images, shuffled(torch.from_numpy(expected)))


def test_an_idx_file_without_gzip_is_read(root, cache):
    written = write_official("mnist", root / "mnist")
    packed = root / "mnist" / "t10k-images-idx3-ubyte.gz"
    packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    assert torch.equal(load_image_set("mnist", "test").images, shuffled(torch.from_numpy(written["test"])))


def test_pictures_are_decoded_once_and_again_when_the_files_change(root, cache):
    directory = root / "omniglot"
    first = write_official("omniglot", directory)["test"]
    load_image_set("omniglot")
    (kept,) = (cache / "decoded").glob("omniglot-test-*.safetensors")
    write_tensors(kept, decoded.FORMAT, {decoded.IMAGES: torch.zeros(first.shape, dtype=torch.uint8)}, {})
    assert int(load_image_set("omniglot").images.max()) == 0  # read from the cache, not from the archive
    flipped = bytearray(kept.read_bytes())
    flipped[-1] ^= 1
    for damage in (b"damaged", flipped):
        kept.write_bytes(damage)
        assert torch.equal(load_image_set("omniglot").images, shuffled(torch.from_numpy(first)))
    kept.unlink()
    (directory / "images_evaluation.zip").touch()
    load_image_set("omniglot")
    assert not kept.exists()
    assert len(list((cache / "decoded").glob("omniglot-test-*.safetensors"))) == 1


def test_a_cache_that_cannot_be_written_does_not_keep_pictures_from_being_read(root, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no directory")
    monkeypatch.setenv("LIKELIHOOD_CURVATURE_CACHE", str(tmp_path / "file" / "cache"))
    written = write_official("omniglot", root / "omniglot")
    assert torch.equal(load_image_set("omniglot").images, shuffled(torch.from_numpy(written["test"])))


def test_images_say_what_was_done_to_them_and_ready_made_ones_that_it_is_not_known(root, cache):
    write_official("tinyimagenet32", root / "tinyimagenet32")
    done = load_image_set("tinyimagenet32").preprocessing
    assert "averaged" in done
    np.savez(root / "tinyimagenet32" / "test.npz", images=random_images(0, 3, 32, 32, 3))
    ready_made = load_image_set("tinyimagenet32").preprocessing
    assert ready_made.startswith("by whoever made the npz files")
    assert ready_made.endswith(done)
    write_official("cifar10", root / "cifar10")
    assert load_image_set("cifar10").preprocessing == ""


def test_every_real_set_has_a_source_with_published_checksums():
    assert set(SOURCES) == set(REAL_SETS)
    for name, source in SOURCES.items():
        for file in source.files:
            algorithm, _, digits = file.checksum.partition(":")
            assert len(digits) == {"sha256": 64, "md5": 32}[algorithm]
            assert bool(file.urls) != bool(source.by_hand), name
            assert all(url.endswith(f"/{file.name}") for url in file.urls)
        assert set(source.splits) <= set(DESCRIPTIONS[name].splits)
