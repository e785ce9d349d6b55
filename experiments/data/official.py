"""From the official files of each set to its images: which reader, which members, and what is done to the pictures."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from experiments.data.errors import damaged
from experiments.data.formats.archives import read_members
from experiments.data.formats.cifar import read_cifar_binary
from experiments.data.formats.downsampled_imagenet import read_downsampled_imagenet
from experiments.data.formats.idx import parse_idx_images, read_idx_images
from experiments.data.formats.pictures import read_pictures
from experiments.data.formats.svhn import read_svhn_mat
from experiments.data.preprocessing import crop_and_shrink_celeba, halve, shrink_omniglot
from experiments.storage.plain_file import read_text

Images = UInt8[np.ndarray, "N C H W"]
Reader = Callable[[dict[str, Path], str], Images]

# Seven pictures of notMNIST's official archives are empty or no PNG (every account of the set lists the same ones).
# With the letter's folder: files are named after fonts, so the other letters have sound pictures of the same names.
NOTMNIST_UNREADABLE = (
    "notMNIST_large/A/RnJlaWdodERpc3BCb29rSXRhbGljLnR0Zg==.png",
    "notMNIST_large/A/Um9tYW5hIEJvbGQucGZi.png",
    "notMNIST_large/A/SG90IE11c3RhcmQgQlROIFBvc3Rlci50dGY=.png",
    "notMNIST_large/B/TmlraXNFRi1TZW1pQm9sZEl0YWxpYy5vdGY=.png",
    "notMNIST_large/D/VHJhbnNpdCBCb2xkLnR0Zg==.png",
    "notMNIST_small/A/RGVtb2NyYXRpY2FCb2xkT2xkc3R5bGUgQm9sZC50dGY=.png",
    "notMNIST_small/F/Q3Jvc3NvdmVyIEJvbGRPYmxpcXVlLnR0Zg==.png",
)
CELEBA_PARTITIONS = {"train": "0", "test": "2"}  # 1 is the validation partition


def read_official(name: str, files: dict[str, Path], split: str) -> Images:
    """Images of a split in the order of the official files.

    Parameters
    ----------
    files
        Path by official file name (`OfficialSource.find`).

    Raises
    ------
    DataFileError
        If a file is damaged, truncated, or not of the official format.
    """
    return READERS[name](files, split)


def _read_idx(files: dict[str, Path], split: str) -> Images:
    (path,) = files.values()
    return read_idx_images(path)[:, None]


def _read_emnist(files: dict[str, Path], split: str) -> Images:
    """EMNIST's pictures are stored transposed against MNIST's; upright here."""
    (archive,) = files.values()
    member = f"emnist-letters-{split}-images-idx3-ubyte.gz"
    images = parse_idx_images(read_members(archive, [member])[member], f"{archive}: {member}")
    return images.transpose(0, 2, 1)[:, None]


def _read_notmnist(files: dict[str, Path], split: str) -> Images:
    (archive,) = files.values()
    return read_pictures(archive, _is_png, "PNG", "L", (28, 28), unreadable=NOTMNIST_UNREADABLE)


def _read_omniglot(files: dict[str, Path], split: str) -> Images:
    (archive,) = files.values()
    return read_pictures(archive, _is_png, "PNG", "L", (105, 105), shrink_omniglot)


def _read_cifar10(files: dict[str, Path], split: str) -> Images:
    (archive,) = files.values()
    train = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
    return read_cifar_binary(archive, train if split == "train" else ("test_batch.bin",), label_bytes=1)


def _read_cifar100(files: dict[str, Path], split: str) -> Images:
    (archive,) = files.values()
    return read_cifar_binary(archive, (f"{split}.bin",), label_bytes=2)


def _read_svhn(files: dict[str, Path], split: str) -> Images:
    (path,) = files.values()
    return read_svhn_mat(path)


def _read_celeba(files: dict[str, Path], split: str) -> Images:
    chosen = _celeba_partition(files["list_eval_partition.txt"], CELEBA_PARTITIONS[split])

    def is_chosen(name: str) -> bool:
        return name.rpartition("/")[2] in chosen

    pictures = files["img_align_celeba.zip"]
    images = read_pictures(pictures, is_chosen, "JPEG", "RGB", (218, 178), crop_and_shrink_celeba)
    if len(images) != len(chosen):
        raise damaged(pictures, f"the list names {len(chosen)} pictures of this split, {len(images)} are there")
    return images


def _celeba_partition(path: Path, number: str) -> frozenset[str]:
    """File names of one partition of the official list, whose lines are `000001.jpg 0`."""
    try:
        lines = [line.split() for line in read_text(path, "ascii").split("\n") if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise damaged(path, getattr(error, "strerror", None) or error) from error
    for row, words in enumerate(lines, 1):
        if len(words) != 2 or words[1] not in {"0", "1", "2"}:
            raise damaged(path, f"line {row}: expected a file name and 0, 1 or 2")
    return frozenset(name for name, partition in lines if partition == number)


def _read_imagenet(files: dict[str, Path], split: str) -> Images:
    (path,) = files.values()
    # Unpacked, the npz files lie side by side: the folder stands for the archive.
    archive = path.parent if path.suffix == ".npz" else path
    return read_downsampled_imagenet(archive, "train_data_batch" if split == "train" else "val_data")


def _read_tiny_imagenet(files: dict[str, Path], split: str) -> Images:
    (archive,) = files.values()
    pattern = re.compile(
        r"(^|/)train/[^/]+/images/[^/]+\.JPEG$" if split == "train" else r"(^|/)val/images/[^/]+\.JPEG$"
    )

    def is_of_split(name: str) -> bool:
        return pattern.search(name) is not None

    return read_pictures(archive, is_of_split, "JPEG", "RGB", (64, 64), halve)


def _is_png(name: str) -> bool:
    # Archives made on a Mac carry a second, hidden entry for each file.
    return name.endswith(".png") and not name.rpartition("/")[2].startswith("._")


READERS: dict[str, Reader] = {
    "mnist": _read_idx,
    "fashion_mnist": _read_idx,
    "kmnist": _read_idx,
    "notmnist": _read_notmnist,
    "emnist_letters": _read_emnist,
    "omniglot": _read_omniglot,
    "cifar10": _read_cifar10,
    "cifar100": _read_cifar100,
    "svhn": _read_svhn,
    "celeba32": _read_celeba,
    "imagenet32": _read_imagenet,
    "tinyimagenet32": _read_tiny_imagenet,
}
DECODED_ONCE = ("notmnist", "omniglot", "celeba32", "tinyimagenet32")
"""Sets of many small pictures, which take minutes to decode: kept decoded in the cache."""
