"""Street View House Numbers, cropped digits."""

from pathlib import Path

from experiments.data.data_set import COLOUR, DataSet, DataSetDescription, Images, OfficialFile
from experiments.data.formats.svhn import read_svhn_mat
from experiments.data.official_source import one_file_a_split

PAGE = "http://ufldl.stanford.edu/housenumbers"


def read(files: dict[str, Path], split: str) -> Images:
    """Read the images of a split."""
    (path,) = files.values()
    return read_svhn_mat(path)


DATA_SET = DataSet(
    description=DataSetDescription(
        name="svhn",
        title="Street View House Numbers, cropped digits",
        event_shape=COLOUR,
        licence="non-commercial use only",
        citation="Y. Netzer et al., Reading digits in natural images with unsupervised feature learning, "
        "NIPS workshop on deep learning, 2011",
        homepage="http://ufldl.stanford.edu/housenumbers/",
    ),
    source=one_file_a_split(
        OfficialFile(
            "train_32x32.mat",
            (f"{PAGE}/train_32x32.mat",),
            "sha256:435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
            182_040_794,
        ),
        73_257,
        OfficialFile(
            "test_32x32.mat",
            (f"{PAGE}/test_32x32.mat",),
            "sha256:cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
            64_275_384,
        ),
        26_032,
    ),
    read=read,
    by_photograph=True,
)
