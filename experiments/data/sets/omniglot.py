"""Omniglot, characters of 50 alphabets."""

from pathlib import Path

from experiments.data.data_set import GRAY, DataSet, DataSetDescription, Images, OfficialFile
from experiments.data.formats.pictures import is_png, read_pictures
from experiments.data.official_source import one_file_a_split
from experiments.data.preprocessing import shrink_omniglot

PAGE = "https://github.com/brendenlake/omniglot/raw/master/python"


def read(files: dict[str, Path], split: str) -> Images:
    """Read the images of a split."""
    (archive,) = files.values()
    return read_pictures(archive, is_png, "PNG", "L", (105, 105), shrink_omniglot)


DATA_SET = DataSet(
    description=DataSetDescription(
        name="omniglot",
        title="Omniglot, characters of 50 alphabets",
        event_shape=GRAY,
        licence="MIT",
        citation="B. M. Lake, R. Salakhutdinov, J. B. Tenenbaum, Human-level concept learning "
        "through probabilistic program induction, Science 350, 2015",
        homepage="https://github.com/brendenlake/omniglot",
        preprocessing="105 x 105 averaged over areas to 28 x 28; the ink stays dark on white",
    ),
    source=one_file_a_split(
        OfficialFile(
            "images_background.zip",
            (f"{PAGE}/images_background.zip",),
            "sha256:ad41ab679c8b5d90b271ef46be6987cc81211774a695c29dcc5367b2b26ee640",
            9_464_212,
            ("images_background",),
        ),
        19_280,
        OfficialFile(
            "images_evaluation.zip",
            (f"{PAGE}/images_evaluation.zip",),
            "sha256:1f61a8f3366785b057fc117d9228e78a16e3d976c8953b2a10fcc74cf0609cee",
            6_462_886,
            ("images_evaluation",),
        ),
        13_180,
    ),
    read=read,
    is_decoded_once=True,
)
