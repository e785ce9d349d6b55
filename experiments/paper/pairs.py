"""The data sets of the paper, and the bits per dimension published for them. No torch here."""

import math
from dataclasses import dataclass

from analysis.paper_pairs import PAIRS

PAPER_SETS = tuple(dict.fromkeys(name for pair in PAIRS for name in (pair.train_set, pair.other_set)))


@dataclass(frozen=True)
class PublishedBpd:
    """Bits per dimension that the paper gives for one model and input set."""

    train_set: str
    """Training set of the published model, by its name here."""
    input_set: str
    """Input set, named as for `compare`."""
    bpd: float
    """Bits per dimension."""
    uncertainty: float
    """Of reading the number, in bits per dimension; 0 where the paper prints it."""
    source: str
    """Where in the paper, and of which model."""


_COLOUR_DIM = 3 * 32 * 32
_TABLE = "table and poster, affine Glow"
_HISTOGRAM_NATS = 200.0


def _from_histogram(train_set: str, input_set: str, nats: float, what: str) -> PublishedBpd:
    """A log p read by eye off a published histogram of 32 x 32 colour images, in nats."""
    bits = 1 / (_COLOUR_DIM * math.log(2))
    source = f"histogram of {what}, affine Glow, read by eye"
    return PublishedBpd(train_set, input_set, -nats * bits, _HISTOGRAM_NATS * bits, source)


PUBLISHED = (
    PublishedBpd("fashion_mnist", "fashion_mnist/train", 2.902, 0, _TABLE),
    PublishedBpd("fashion_mnist", "fashion_mnist/test", 2.958, 0, _TABLE),
    PublishedBpd("fashion_mnist", "mnist/test", 1.833, 0, _TABLE),
    PublishedBpd("fashion_mnist", "noise=uniform", 8.686, 0, _TABLE),
    PublishedBpd("fashion_mnist", "constant=0", 0.339, 0, _TABLE),
    PublishedBpd("mnist", "mnist/test", 1.262, 0, _TABLE),
    PublishedBpd("cifar10", "cifar10/train", 3.386, 0, _TABLE),
    PublishedBpd("cifar10", "cifar10/test", 3.464, 0, _TABLE),
    PublishedBpd("cifar10", "svhn/test", 2.389, 0, _TABLE),
    PublishedBpd("cifar10", "noise=uniform", 15.773, 0, _TABLE),
    PublishedBpd("cifar10", "constant=128", 0.589, 0, _TABLE),
    PublishedBpd("svhn", "svhn/test", 2.057, 0, _TABLE),
    _from_histogram("celeba32", "celeba32/test", -8300, "CelebA"),
    _from_histogram("celeba32", "svhn/test", -5300, "CelebA"),
    _from_histogram("tinyimagenet32", "tinyimagenet32/test", -9700, "ImageNet 32 x 32"),
    _from_histogram("tinyimagenet32", "cifar10/test", -8200, "ImageNet 32 x 32"),
    _from_histogram("tinyimagenet32", "svhn/test", -5000, "ImageNet 32 x 32"),
)
