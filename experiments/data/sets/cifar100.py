"""CIFAR-100 tiny images of 100 classes."""

from pathlib import Path

from experiments.data.data_set import COLOUR, DataSet, DataSetDescription, Images, OfficialFile
from experiments.data.formats.cifar import read_cifar_binary
from experiments.data.official_source import one_archive


def read(files: dict[str, Path], split: str) -> Images:
    """Read the images of a split."""
    (archive,) = files.values()
    return read_cifar_binary(archive, (f"{split}.bin",), label_bytes=2)


DATA_SET = DataSet(
    description=DataSetDescription(
        name="cifar100",
        title="CIFAR-100 tiny images of 100 classes",
        event_shape=COLOUR,
        licence="none stated; the author asks to be cited",
        citation="A. Krizhevsky, Learning multiple layers of features from tiny images, technical report, 2009",
        homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
    ),
    source=one_archive(
        OfficialFile(
            "cifar-100-binary.tar.gz",
            ("https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",),
            "sha256:58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
            168_513_733,
            ("cifar-100-binary",),
        ),
        50_000,
        10_000,
    ),
    read=read,
)
