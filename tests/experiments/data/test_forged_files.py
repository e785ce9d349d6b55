"""Data files forged to cost memory, time or safety: each is refused before it can, and named."""

import gzip
import io
import os
import struct
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

from experiments.data.catalog import load_image_set
from experiments.data.errors import DataFileError
from experiments.data.formats.idx import parse_idx_images
from experiments.data.verification import verify_set
from tests.experiments.data.official_files import (
    picture_bytes,
    random_images,
    write_official,
    write_zip,
)


def lying_npz(shape):
    """An npz file of three images whose header promises another number."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("images.npy", header.getvalue() + bytes(3 * 28 * 28))
    return file.getvalue()


@pytest.mark.parametrize("count", [10**12, 10**6, 4, 2, -1])
def test_a_header_that_lies_about_the_number_of_images_costs_no_memory(count, root, cache):
    (root / "mnist").mkdir()
    (root / "mnist" / "test.npz").write_bytes(lying_npz((count, 28, 28, 1)))
    tracemalloc.start()
    with pytest.raises(DataFileError, match="promise"):
        load_image_set("mnist")
    assert tracemalloc.get_traced_memory()[1] < 50_000_000
    tracemalloc.stop()


def test_an_idx_header_that_lies_about_the_number_of_images_costs_no_memory(tmp_path):
    images = random_images(0, 3, 28, 28)
    header = bytes((0, 0, 8, 3)) + np.array((2**31, 2**15, 2**15), ">u4").tobytes()
    for content in (header + images.tobytes(), gzip.compress(header + images.tobytes())):
        with pytest.raises(DataFileError, match="are promised, but 2352 follow"):
            parse_idx_images(content, "file")


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("mnist", "test.npz"),
        ("mnist", "t10k-images-idx3-ubyte.gz"),
        ("svhn", "test_32x32.mat"),
        ("cifar10", "cifar-10-binary.tar.gz"),
        ("omniglot", "images_evaluation.zip"),
        ("imagenet32", "Imagenet32_val_npz.zip"),
    ],
)
def test_a_named_pipe_or_a_device_in_a_files_place_is_named_and_not_waited_for(name, file, root, cache):
    (root / name).mkdir()
    path = root / name / file
    os.mkfifo(path)
    with pytest.raises(DataFileError, match=f"{file}.*is a named pipe, expected a file"):
        load_image_set(name)
    assert not all(check.passed for check in verify_set(name))
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(DataFileError, match=f"{file}.*is a device, expected a file"):
        load_image_set(name)


def tiny_imagenet_of(root, picture):
    directory = root / "tinyimagenet32"
    directory.mkdir(exist_ok=True)
    write_zip(directory / "tiny-imagenet-200.zip", {"tiny-imagenet-200/val/images/a.JPEG": picture})


def test_a_picture_of_another_format_under_the_right_name_never_reaches_ghostscript(root, cache, monkeypatch):
    called = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *arguments: called.append(arguments))
    picture = random_images(0, 1, 3, 64, 64)[0]
    with Image.open(io.BytesIO(picture_bytes(picture, "EPS"))) as image:
        assert image.format == "EPS"  # so that the refusal is of the real thing
    for kind in ("EPS", "PNG", "TIFF", "GIF", "BMP"):
        tiny_imagenet_of(root, picture_bytes(picture, kind))
        with pytest.raises(DataFileError, match=r"a\.JPEG: damaged.*no JPEG picture"):
            load_image_set("tinyimagenet32")
    assert called == []


def png_of_promised_size(width, height):
    """A PNG file with a sound header of that size and hardly any pixels."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((30_000, 30_000), "promises far more pixels than 105 x 105"),  # an error of Pillow's
        ((10_000, 10_000), "promises far more pixels than 105 x 105"),  # a warning of Pillow's
        ((9_000, 9_000), "expected a picture of 105 x 105 pixels, got 9000 x 9000"),
    ],
)
def test_a_picture_that_promises_too_many_pixels_is_refused_before_it_is_decoded(size, message, root, cache):
    (root / "omniglot").mkdir()
    content = png_of_promised_size(*size)
    write_zip(root / "omniglot" / "images_evaluation.zip", {"images_evaluation/a.png": content})
    tracemalloc.start()
    with pytest.raises(DataFileError, match=message):
        load_image_set("omniglot")
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_a_picture_file_that_unpacks_to_far_too_many_bytes_is_refused(root, cache):
    (root / "omniglot").mkdir()
    with zipfile.ZipFile(root / "omniglot" / "images_evaluation.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images_evaluation/a.png", bytes(50_000_000))
    with pytest.raises(DataFileError, match="holds more than 1048576 bytes"):
        load_image_set("omniglot")


def test_a_zip_archive_whose_directory_lost_a_member_is_refused(root, cache):
    """zipfile itself goes by the directory's length and does not compare the number of members."""
    (root / "omniglot").mkdir()
    pictures = {f"images_evaluation/{n}.png": picture_bytes(random_images(n, 1, 1, 105, 105)[0]) for n in range(3)}
    path = root / "omniglot" / "images_evaluation.zip"
    write_zip(path, pictures)
    content = path.read_bytes()
    begin = content.index(b"PK\x01\x02")
    entry = content.index(b"PK\x01\x02", begin + 4) - begin
    end = content.index(b"PK\x05\x06")
    size = struct.pack("<I", int.from_bytes(content[end + 12 : end + 16], "little") - entry)
    offset = struct.pack("<I", begin)
    path.write_bytes(content[:begin] + content[begin + entry : end + 12] + size + offset + content[end + 20 :])
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) == 2
    with pytest.raises(DataFileError, match="its directory lacks members"):
        load_image_set("omniglot")


def test_a_flipped_byte_of_a_compressed_tar_archive_is_found(root, cache):
    """The checksum stands at the very end, behind the mark where tarfile stops to read."""
    write_official("cifar10", root / "cifar10")
    path = root / "cifar10" / "cifar-10-binary.tar.gz"
    content = bytearray(path.read_bytes())
    content[-8] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataFileError, match="CRC check failed"):
        load_image_set("cifar10")
