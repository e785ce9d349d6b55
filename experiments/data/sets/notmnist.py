"""notMNIST, letters A to J in many fonts."""

from pathlib import Path

from experiments.data.data_set import GRAY, DataSet, DataSetDescription, Images, OfficialFile
from experiments.data.formats.pictures import is_png, read_pictures
from experiments.data.official_source import one_file_a_split

MIRRORS = ("http://yaroslavvb.com/upload/notMNIST", "https://commondatastorage.googleapis.com/books1000")
# Seven pictures of notMNIST's official archives are empty or no PNG (every account of the set lists the same ones).
# With the letter's folder: files are named after fonts, so the other letters have sound pictures of the same names.
UNREADABLE = (
    "notMNIST_large/A/RnJlaWdodERpc3BCb29rSXRhbGljLnR0Zg==.png",
    "notMNIST_large/A/Um9tYW5hIEJvbGQucGZi.png",
    "notMNIST_large/A/SG90IE11c3RhcmQgQlROIFBvc3Rlci50dGY=.png",
    "notMNIST_large/B/TmlraXNFRi1TZW1pQm9sZEl0YWxpYy5vdGY=.png",
    "notMNIST_large/D/VHJhbnNpdCBCb2xkLnR0Zg==.png",
    "notMNIST_small/A/RGVtb2NyYXRpY2FCb2xkT2xkc3R5bGUgQm9sZC50dGY=.png",
    "notMNIST_small/F/Q3Jvc3NvdmVyIEJvbGRPYmxpcXVlLnR0Zg==.png",
)


def read(files: dict[str, Path], split: str) -> Images:
    """Read the images of a split."""
    (archive,) = files.values()
    return read_pictures(archive, is_png, "PNG", "L", (28, 28), unreadable=UNREADABLE)


DATA_SET = DataSet(
    description=DataSetDescription(
        name="notmnist",
        title="notMNIST, letters A to J in many fonts",
        event_shape=GRAY,
        licence="none stated; made from fonts found on the web",
        citation="Y. Bulatov, notMNIST dataset, http://yaroslavvb.blogspot.com/2011/09/notmnist-dataset.html, 2011",
        homepage="http://yaroslavvb.blogspot.com/2011/09/notmnist-dataset.html",
        preprocessing="seven unreadable pictures are left out",
    ),
    source=one_file_a_split(
        OfficialFile(
            "notMNIST_large.tar.gz",
            tuple(f"{address}/notMNIST_large.tar.gz" for address in MIRRORS),
            "md5:70a95b805ecfb6592c48e196df7c1499",
            247_336_696,
            ("notMNIST_large",),
        ),
        529_114,
        OfficialFile(
            "notMNIST_small.tar.gz",
            tuple(f"{address}/notMNIST_small.tar.gz" for address in MIRRORS),
            "md5:c9890a473a9769fda4bdf314aaf500dd",
            8_458_043,
            ("notMNIST_small",),
        ),
        18_724,
    ),
    read=read,
    is_decoded_once=True,
)
