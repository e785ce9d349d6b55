"""Where each data set is published: official files, their addresses, published checksums and sizes. No torch here.

No checksum here was computed by this project. They come from TensorFlow Datasets
(https://github.com/tensorflow/datasets, `tensorflow_datasets/url_checksums/<set>.txt`, sha256 and bytes), except
- notMNIST: md5 as several independent loaders on GitHub give it (they agree), bytes from TensorFlow's Udacity course;
- Tiny ImageNet: md5 from https://github.com/lvyilin/pytorch-fgvc-dataset (`tiny_imagenet.py`).
"""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class OfficialFile:
    """A file as its authors publish it.

    Attributes
    ----------
    name
        Its name in the data root or the cache.
    urls
        Addresses, tried in turn; empty where a login or a browser is needed.
    checksum
        ``sha256:...`` or ``md5:...`` as published.
    size
        Published size in bytes; 0 where it is not known.
    extracted
        Names under which its content may lie beside it, unpacked.
    """

    name: str
    urls: tuple[str, ...]
    checksum: str
    size: int = 0
    extracted: tuple[str, ...] = ()

    def find(self, directory: Path) -> Path | None:
        """The file itself, or what was unpacked from it; None if the directory has neither."""
        places = (directory / name for name in (self.name, *self.extracted))
        return next((path for path in places if path.exists()), None)


@dataclass(frozen=True)
class OfficialSplit:
    """Which official files a split is read from, and how many images its authors count in it."""

    files: tuple[str, ...]
    count: int


@dataclass(frozen=True)
class OfficialSource:
    """Files and splits of a data set.

    Attributes
    ----------
    by_hand
        What to do where the files cannot be downloaded without a login or a browser; empty otherwise.
    """

    files: tuple[OfficialFile, ...]
    splits: dict[str, OfficialSplit] = field(hash=False)
    by_hand: str = ""

    def file(self, name: str) -> OfficialFile:
        """The official file of that name."""
        return next(file for file in self.files if file.name == name)

    def find(self, directory: Path, split: str) -> dict[str, Path] | None:
        """Where the files of a split lie in this directory, by official name; None unless all are there."""
        if split not in self.splits:
            return None
        found = {name: self.file(name).find(directory) for name in self.splits[split].files}
        present = {name: path for name, path in found.items() if path is not None}
        return present if len(present) == len(found) else None


def _idx_source(addresses: tuple[str, ...], train: tuple[str, int], test: tuple[str, int]) -> OfficialSource:
    """MNIST's two files of images, under the same names in every set made in its likeness."""
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


def _one_archive(file: OfficialFile, train: int, test: int, by_hand: str = "") -> OfficialSource:
    """A set whose splits lie in one file."""
    splits = {"train": OfficialSplit((file.name,), train), "test": OfficialSplit((file.name,), test)}
    return OfficialSource((file,), splits, by_hand)


def _one_file_a_split(
    train: OfficialFile, n_train: int, test: OfficialFile, n_test: int, by_hand: str = ""
) -> OfficialSource:
    splits = {"train": OfficialSplit((train.name,), n_train), "test": OfficialSplit((test.name,), n_test)}
    return OfficialSource((train, test), splits, by_hand)


_OMNIGLOT = "https://github.com/brendenlake/omniglot/raw/master/python"
_SVHN = "http://ufldl.stanford.edu/housenumbers"
_NOTMNIST = ("http://yaroslavvb.com/upload/notMNIST", "https://commondatastorage.googleapis.com/books1000")
_CELEBA_PAGE = "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
_IMAGENET_PAGE = "https://image-net.org/download-images.php"

IMAGENET_SHARDS = (*(f"train_data_batch_{number}.npz" for number in range(1, 11)), "val_data.npz")

SOURCES = {
    "mnist": _idx_source(
        ("https://storage.googleapis.com/cvdf-datasets/mnist", "https://ossci-datasets.s3.amazonaws.com/mnist"),
        ("440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", 9_912_422),
        ("8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6", 1_648_877),
    ),
    "fashion_mnist": _idx_source(
        (
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion",
        ),
        ("3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84", 26_421_880),
        ("346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073", 4_422_102),
    ),
    "kmnist": _idx_source(
        ("http://codh.rois.ac.jp/kmnist/dataset/kmnist",),
        ("51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4", 18_165_135),
        ("edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5", 3_041_136),
    ),
    "notmnist": _one_file_a_split(
        OfficialFile(
            "notMNIST_large.tar.gz",
            tuple(f"{address}/notMNIST_large.tar.gz" for address in _NOTMNIST),
            "md5:70a95b805ecfb6592c48e196df7c1499",
            247_336_696,
            ("notMNIST_large",),
        ),
        529_114,
        OfficialFile(
            "notMNIST_small.tar.gz",
            tuple(f"{address}/notMNIST_small.tar.gz" for address in _NOTMNIST),
            "md5:c9890a473a9769fda4bdf314aaf500dd",
            8_458_043,
            ("notMNIST_small",),
        ),
        18_724,
    ),
    "emnist_letters": _one_archive(
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
    "omniglot": _one_file_a_split(
        OfficialFile(
            "images_background.zip",
            (f"{_OMNIGLOT}/images_background.zip",),
            "sha256:ad41ab679c8b5d90b271ef46be6987cc81211774a695c29dcc5367b2b26ee640",
            9_464_212,
            ("images_background",),
        ),
        19_280,
        OfficialFile(
            "images_evaluation.zip",
            (f"{_OMNIGLOT}/images_evaluation.zip",),
            "sha256:1f61a8f3366785b057fc117d9228e78a16e3d976c8953b2a10fcc74cf0609cee",
            6_462_886,
            ("images_evaluation",),
        ),
        13_180,
    ),
    "cifar10": _one_archive(
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
    "cifar100": _one_archive(
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
    "svhn": _one_file_a_split(
        OfficialFile(
            "train_32x32.mat",
            (f"{_SVHN}/train_32x32.mat",),
            "sha256:435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
            182_040_794,
        ),
        73_257,
        OfficialFile(
            "test_32x32.mat",
            (f"{_SVHN}/test_32x32.mat",),
            "sha256:cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
            64_275_384,
        ),
        26_032,
    ),
    "celeba32": OfficialSource(
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
        f"open {_CELEBA_PAGE} in a browser, follow its link to Google Drive (Img/img_align_celeba.zip and "
        "Eval/list_eval_partition.txt)",
    ),
    "imagenet32": _one_file_a_split(
        OfficialFile(
            "Imagenet32_train_npz.zip",
            (),
            "sha256:94226337ecc1b0309d9fcd0167127aaadc931587035fbcb53925235edbaec4fc",
            3_580_435_279,
            ("Imagenet32_train_npz", IMAGENET_SHARDS[0]),
        ),
        1_281_167,
        OfficialFile(
            "Imagenet32_val_npz.zip",
            (),
            "sha256:013990e6dec1237dcd1f9beadbab81ead6604cc119af5cacbfb59ae28148377a",
            139_697_668,
            ("Imagenet32_val_npz", IMAGENET_SHARDS[-1]),
        ),
        50_000,
        f"log in at {_IMAGENET_PAGE} and download Imagenet32_train_npz.zip and Imagenet32_val_npz.zip (the NumPy form)",
    ),
    "tinyimagenet32": _one_archive(
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
}
