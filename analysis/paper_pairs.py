"""The paper's pairs of data sets, in both directions, and what the paper reports of each."""

from dataclasses import dataclass
from typing import Literal

Claim = Literal["more likely", "less likely", "none"]


@dataclass(frozen=True)
class Pair:
    """A flow trained on one set and shown another."""

    train_set: str
    """What the flow is trained on."""
    other_set: str
    """What it is shown."""
    claim: Claim = "none"
    """What the paper reports of the other set relative to the training set; none if it does not report the pair."""

    def __str__(self) -> str:
        return f"{self.train_set} -> {self.other_set}"


# Tiny ImageNet stands in for the paper's ImageNet at 32 x 32.
PAIRS = (
    Pair("fashion_mnist", "mnist", "more likely"),
    Pair("mnist", "fashion_mnist", "less likely"),
    Pair("cifar10", "svhn", "more likely"),
    Pair("svhn", "cifar10", "less likely"),
    Pair("celeba32", "svhn", "more likely"),
    Pair("svhn", "celeba32", "less likely"),
    Pair("tinyimagenet32", "cifar10", "more likely"),
    Pair("cifar10", "tinyimagenet32"),
    Pair("tinyimagenet32", "svhn", "more likely"),
    Pair("svhn", "tinyimagenet32", "less likely"),
    Pair("cifar10", "celeba32"),
)
