"""CIFAR-10 tiny images of 10 classes."""

from pathlib import Path

from experiments.data.data_set import COLOUR, DataSet, DataSetDescription, Images, OfficialFile
from experiments.data.formats.cifar import read_cifar_binary
from experiments.data.official_source import one_archive


def read(files: dict[str, Path], split: str) -> Images:
    """Read the images of a split."""
    (archive,) = files.values()
    train = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
    return read_cifar_binary(archive, train if split == "train" else ("test_batch.bin",), label_bytes=1)


DATA_SET = DataSet(
    description=DataSetDescription(
        name="cifar10",
        title="CIFAR-10 tiny images of 10 classes",
        event_shape=COLOUR,
        licence="none stated; the author asks to be cited",
        citation="A. Krizhevsky, Learning multiple layers of features from tiny images, technical report, 2009",
        homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
        splits=("train", "heldout", "test"),
    ),
    source=one_archive(
        OfficialFile(
            "cifar-10-binary.tar.gz",
            ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
            "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            170_052_171,
            ("cifar-10-batches-bin",),
        ),
        50_000,
        10_000,
    ),
    read=read,
)
