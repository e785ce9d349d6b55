"""Tiny ImageNet at 32 x 32."""

import re
from pathlib import Path

from experiments.data.data_set import COLOUR, DataSet, DataSetDescription, Images, OfficialFile
from experiments.data.formats.pictures import read_pictures
from experiments.data.official_source import one_archive
from experiments.data.preprocessing import halve


def read(files: dict[str, Path], split: str) -> Images:
    """Read the images of a split."""
    (archive,) = files.values()
    pattern = re.compile(
        r"(^|/)train/[^/]+/images/[^/]+\.JPEG$" if split == "train" else r"(^|/)val/images/[^/]+\.JPEG$"
    )

    def is_of_split(name: str) -> bool:
        return pattern.search(name) is not None

    return read_pictures(archive, is_of_split, "JPEG", "RGB", (64, 64), halve)


DATA_SET = DataSet(
    description=DataSetDescription(
        name="tinyimagenet32",
        title="Tiny ImageNet at 32 x 32",
        event_shape=COLOUR,
        licence="ImageNet terms: non-commercial research and education",
        citation="Y. Le, X. Yang, Tiny ImageNet visual recognition challenge, Stanford CS 231N, 2015",
        homepage="http://cs231n.stanford.edu/tiny-imagenet-200.zip",
        preprocessing="64 x 64 averaged over 2 x 2 blocks",
    ),
    source=one_archive(
        OfficialFile(
            "tiny-imagenet-200.zip",
            ("http://cs231n.stanford.edu/tiny-imagenet-200.zip",),
            "md5:90528d7ca1a48142e341f4ef8d21d0de",
            0,
            ("tiny-imagenet-200",),
        ),
        100_000,
        10_000,
    ),
    read=read,
    is_decoded_once=True,
)
