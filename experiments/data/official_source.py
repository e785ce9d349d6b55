"""Official files of the usual arrangements: two IDX files, one archive for all splits, one file a split. No torch here.

No checksum of `experiments.data.sets` was computed by this project. They come from TensorFlow Datasets
(https://github.com/tensorflow/datasets, `tensorflow_datasets/url_checksums/<set>.txt`, sha256 and bytes), except
- notMNIST: md5 as several independent loaders on GitHub give it (they agree), bytes from TensorFlow's Udacity course;
- Tiny ImageNet: md5 from https://github.com/lvyilin/pytorch-fgvc-dataset (`tiny_imagenet.py`).
"""

from experiments.data.data_set import OfficialFile, OfficialSource, OfficialSplit


def idx_source(addresses: tuple[str, ...], train: tuple[str, int], test: tuple[str, int]) -> OfficialSource:
    """The two files of images of MNIST, and of the sets that use its file names; checksum and size of each."""
    names = {"train": "train-images-idx3-ubyte.gz", "test": "t10k-images-idx3-ubyte.gz"}
    files = tuple(
        OfficialFile(
            names[split],
            tuple(f"{address}/{names[split]}" for address in addresses),
            f"sha256:{checksum}",
            size,
            (names[split].removesuffix(".gz"),),
        )
        for split, (checksum, size) in {"train": train, "test": test}.items()
    )
    return OfficialSource(
        files, {"train": OfficialSplit((names["train"],), 60_000), "test": OfficialSplit((names["test"],), 10_000)}
    )


def one_archive(file: OfficialFile, train: int, test: int, by_hand: str = "") -> OfficialSource:
    """A set whose splits lie in one file."""
    splits = {"train": OfficialSplit((file.name,), train), "test": OfficialSplit((file.name,), test)}
    return OfficialSource((file,), splits, by_hand)


def one_file_a_split(
    train: OfficialFile,
    n_train: int,
    test: OfficialFile,
    n_test: int,
    by_hand: str = "",
    native_npz: tuple[str, ...] = (),
) -> OfficialSource:
    """A set with a file for each split."""
    splits = {"train": OfficialSplit((train.name,), n_train), "test": OfficialSplit((test.name,), n_test)}
    return OfficialSource((train, test), splits, by_hand, native_npz)
