"""EMNIST letters."""

from pathlib import Path

from experiments.data.data_set import GRAY, DataSet, DataSetDescription, Images, OfficialFile
from experiments.data.formats.archives import read_members
from experiments.data.formats.idx import parse_idx_images
from experiments.data.official_source import one_archive


def read(files: dict[str, Path], split: str) -> Images:
    """EMNIST's pictures are stored transposed against MNIST's; upright here."""
    (archive,) = files.values()
    member = f"emnist-letters-{split}-images-idx3-ubyte.gz"
    images = parse_idx_images(read_members(archive, [member])[member], f"{archive}: {member}")
    return images.transpose(0, 2, 1)[:, None]


DATA_SET = DataSet(
    description=DataSetDescription(
        name="emnist_letters",
        title="EMNIST letters",
        event_shape=GRAY,
        licence="derived from NIST Special Database 19, a work of the US government",
        citation="G. Cohen, S. Afshar, J. Tapson, A. van Schaik, EMNIST: an extension of MNIST to handwritten letters, "
        "arXiv 1702.05373, 2017",
        homepage="https://www.nist.gov/itl/products-and-services/emnist-dataset",
        preprocessing="turned upright: the official pictures are transposed",
    ),
    source=one_archive(
        OfficialFile(
            "gzip.zip",
            (
                "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",
                "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/gzip.zip",
            ),
            "sha256:fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e",
            561_753_746,
            ("gzip",),
        ),
        124_800,
        20_800,
    ),
    read=read,
)
