"""Downsampled ImageNet at 32 x 32."""

from pathlib import Path

from experiments.data.data_set import COLOUR, DataSet, DataSetDescription, Images, OfficialFile
from experiments.data.formats.downsampled_imagenet import read_downsampled_imagenet
from experiments.data.official_source import one_file_a_split

PAGE = "https://image-net.org/download-images.php"
SHARDS = (*(f"train_data_batch_{number}.npz" for number in range(1, 11)), "val_data.npz")


def read(files: dict[str, Path], split: str) -> Images:
    """Read the images of a split."""
    (path,) = files.values()
    # Unpacked, the npz files lie side by side: the folder stands for the archive.
    archive = path.parent if path.suffix == ".npz" else path
    return read_downsampled_imagenet(archive, "train_data_batch" if split == "train" else "val_data")


DATA_SET = DataSet(
    description=DataSetDescription(
        name="imagenet32",
        title="Downsampled ImageNet at 32 x 32",
        event_shape=COLOUR,
        licence="ImageNet terms: non-commercial research and education",
        citation="P. Chrabaszcz, I. Loshchilov, F. Hutter, A downsampled variant of ImageNet "
        "as an alternative to the CIFAR datasets, arXiv 1707.08819, 2017",
        homepage="https://image-net.org/download-images.php",
    ),
    source=one_file_a_split(
        OfficialFile(
            "Imagenet32_train_npz.zip",
            (),
            "sha256:94226337ecc1b0309d9fcd0167127aaadc931587035fbcb53925235edbaec4fc",
            3_580_435_279,
            ("Imagenet32_train_npz", SHARDS[0]),
        ),
        1_281_167,
        OfficialFile(
            "Imagenet32_val_npz.zip",
            (),
            "sha256:013990e6dec1237dcd1f9beadbab81ead6604cc119af5cacbfb59ae28148377a",
            139_697_668,
            ("Imagenet32_val_npz", SHARDS[-1]),
        ),
        50_000,
        f"log in at {PAGE} and download Imagenet32_train_npz.zip and Imagenet32_val_npz.zip (the NumPy form)",
        native_npz=SHARDS,
    ),
    read=read,
)
