"""Damaged files of every format of data sets: the images that were written, or one line that names the file."""

import gzip
import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import savemat

from curvature.errors import ToolkitError
from experiments.data.formats.archives import members
from experiments.data.formats.idx import read_idx_images
from experiments.data.formats.matlab import read_matlab_bytes
from experiments.data.formats.pictures import decode_picture
from experiments.data.npz_layout import count_images, read_shards
from experiments.data.registry import DATA_SETS
from tests.experiments.data.official_files import (
    cifar_bytes,
    idx_bytes,
    npz_bytes,
    picture_bytes,
    random_images,
    write_official,
    write_tar,
    write_zip,
)
from tests.hardening.damage import damaged, fuzzed, outcome

GRAY = (1, 28, 28)


def compressed_npz(method, **arrays):
    """An npz file whose members are compressed by a method of zipfile."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(npz_bytes(**arrays))) as plain, zipfile.ZipFile(packed, "w", method) as file:
        for name in plain.namelist():
            file.writestr(name, plain.read(name))
    return packed.getvalue()


def mat_bytes(do_compression, **arrays):
    file = io.BytesIO()
    savemat(file, arrays, do_compression=do_compression)
    return file.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_npz_layout(method, tmp_path):
    images = random_images(0, 3, 28, 28, 1)
    path = tmp_path / "test.npz"

    @fuzzed
    @given(damaged(compressed_npz(method, images=images, labels=np.arange(3))))
    def read(content):
        path.write_bytes(content)
        found = outcome(lambda: read_shards([path], GRAY))
        assert found is None or np.array_equal(found, images.transpose(0, 3, 1, 2))
        count = outcome(lambda: count_images(path))
        assert count is None or 0 <= count <= len(content)

    read()


@pytest.mark.parametrize("is_gzipped", [True, False])
def test_idx(is_gzipped, tmp_path):
    images = random_images(0, 3, 28, 28)
    sound = idx_bytes(images) if is_gzipped else gzip.decompress(idx_bytes(images))
    path = tmp_path / "images"

    @fuzzed
    @given(damaged(sound))
    def read(content):
        path.write_bytes(content)
        found = outcome(lambda: read_idx_images(path))
        # Without gzip there is no checksum: pixels may be others, but not more or fewer than the header says.
        assert found is None or found.size <= len(content) or np.array_equal(found, images)
        assert found is None or not is_gzipped or np.array_equal(found, images)

    read()


@pytest.mark.parametrize("is_compressed", [True, False])
def test_mat(is_compressed, tmp_path):
    images = random_images(0, 32, 32, 3, 2)
    path = tmp_path / "test_32x32.mat"

    @fuzzed
    @given(damaged(mat_bytes(is_compressed, y=np.ones((2, 1)), X=images)))
    def read(content):
        path.write_bytes(content)
        found = outcome(lambda: DATA_SETS["svhn"].read({path.name: path}, "test"))
        assert found is None or found.shape[1:] == (3, 32, 32)
        # Compressed parts have a checksum each; without one, pixels may be others.
        assert found is None or not is_compressed or np.array_equal(found, images.transpose(3, 2, 0, 1))

    read()


OFFICIAL = ("mnist", "notmnist", "emnist_letters", "omniglot", "cifar10", "svhn", "celeba32", "imagenet32")


@pytest.mark.parametrize("name", [*OFFICIAL, "tinyimagenet32"])
def test_official_files(name, tmp_path):
    """The whole way from the damaged file, of several one at a time, to the images of its split."""
    written = write_official(name, tmp_path)["test"]
    sources = {path.name: path for path in tmp_path.iterdir() if "train" not in path.name and "large" not in path.name}
    sources = {key: path for key, path in sources.items() if "background" not in key}
    sound = {path: path.read_bytes() for path in sources.values()}

    @fuzzed
    @given(st.data())
    def read(data):
        path = data.draw(st.sampled_from(sorted(sound)))
        path.write_bytes(data.draw(damaged(sound[path])))
        try:
            found = outcome(lambda: DATA_SETS[name].read(sources, "test"))
        finally:
            path.write_bytes(sound[path])
        if path.suffix == ".txt":  # a list of pictures without a checksum: others may be chosen
            assert found is None or found.shape[1:] == written.shape[1:]
        else:
            assert found is None or np.array_equal(found, written)

    read()


@pytest.mark.parametrize(("kind", "mode", "channels"), [("PNG", "L", 1), ("PNG", "RGB", 3), ("JPEG", "RGB", 3)])
def test_pictures(kind, mode, channels):
    picture = random_images(0, 1, channels, 32, 32)[0]

    @fuzzed
    @given(damaged(picture_bytes(picture, kind)))
    def read(content):
        found = outcome(lambda: decode_picture(content, kind, mode, (32, 32), "picture"))
        assert found is None or (found.shape == picture.shape and found.dtype == np.uint8)

    read()


@pytest.mark.parametrize("write", [write_zip, write_tar])
def test_archives(write, tmp_path):
    contents = {"a/one.bin": cifar_bytes(random_images(0, 2, 3, 32, 32), 1), "a/two.bin": b"2" * 700, "b/three": b""}
    write(tmp_path / "sound", contents)
    path = tmp_path / "archive"

    @fuzzed
    @given(damaged((tmp_path / "sound").read_bytes()))
    def read(content):
        path.write_bytes(content)
        found = outcome(lambda: dict(members(path, lambda name: True)))
        assert found is None or found == contents

    read()


@fuzzed
@given(st.binary(max_size=400))
def test_any_bytes_are_refused_by_every_reader(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    for read in (
        lambda: read_shards([path], GRAY),
        lambda: read_idx_images(path),
        lambda: read_matlab_bytes(path, "X"),
        lambda: decode_picture(content, "PNG", "L", (28, 28), "any"),
        lambda: DATA_SETS["cifar10"].read({"any": path}, "test"),
        lambda: DATA_SETS["celeba32"].read({"img_align_celeba.zip": path, "list_eval_partition.txt": path}, "test"),
    ):
        with pytest.raises(ToolkitError):
            read()
