"""CelebA faces at 32 x 32."""

from pathlib import Path

from experiments.data.data_set import (
    COLOUR,
    DataSet,
    DataSetDescription,
    Images,
    OfficialFile,
    OfficialSource,
    OfficialSplit,
)
from experiments.data.errors import damaged
from experiments.data.formats.pictures import read_pictures
from experiments.data.preprocessing import crop_and_shrink_celeba
from experiments.storage.plain_file import read_text

PAGE = "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
PARTITIONS = {"train": "0", "test": "2"}  # 1 is the validation partition


def read(files: dict[str, Path], split: str) -> Images:
    """Read the images of a split."""
    chosen = _partition(files["list_eval_partition.txt"], PARTITIONS[split])

    def is_chosen(name: str) -> bool:
        return name.rpartition("/")[2] in chosen

    pictures = files["img_align_celeba.zip"]
    images = read_pictures(pictures, is_chosen, "JPEG", "RGB", (218, 178), crop_and_shrink_celeba)
    if len(images) != len(chosen):
        raise damaged(pictures, f"the list names {len(chosen)} pictures of this split, {len(images)} are there")
    return images


def _partition(path: Path, number: str) -> frozenset[str]:
    """File names of one partition of the official list, whose lines are `000001.jpg 0`."""
    try:
        lines = [line.split() for line in read_text(path, "ascii").split("\n") if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise damaged(path, getattr(error, "strerror", None) or error) from error
    for row, words in enumerate(lines, 1):
        if len(words) != 2 or words[1] not in {"0", "1", "2"}:
            raise damaged(path, f"line {row}: expected a file name and 0, 1 or 2")
    return frozenset(name for name, partition in lines if partition == number)


DATA_SET = DataSet(
    description=DataSetDescription(
        name="celeba32",
        title="CelebA faces at 32 x 32",
        event_shape=COLOUR,
        licence="non-commercial research only",
        citation="Z. Liu, P. Luo, X. Wang, X. Tang, Deep learning face attributes in the wild, ICCV 2015",
        homepage="https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
        preprocessing="rows 20 to 197 of the aligned 218 x 178 picture, all columns; that square averaged over areas "
        "to 32 x 32",
    ),
    source=OfficialSource(
        (
            OfficialFile(
                "img_align_celeba.zip",
                (),
                "sha256:46fb89443c578308acf364d7d379fe1b9efb793042c0af734b6112e4fd3a8c74",
                1_443_490_838,
                ("img_align_celeba",),
            ),
            OfficialFile(
                "list_eval_partition.txt",
                (),
                "sha256:fc955bcb3ef8fbdf7d5640d9a8693a8431b5f2ee291a5c1449a1549e7e073fe7",
                2_836_386,
            ),
        ),
        {
            "train": OfficialSplit(("img_align_celeba.zip", "list_eval_partition.txt"), 162_770),
            "test": OfficialSplit(("img_align_celeba.zip", "list_eval_partition.txt"), 19_962),
        },
        f"open {PAGE} in a browser, follow its link to Google Drive (Img/img_align_celeba.zip and "
        "Eval/list_eval_partition.txt)",
    ),
    read=read,
    is_decoded_once=True,
)
