"""What the names of input sets say: which data set, whether grayed, constant or noise."""

from math import nan

from analysis.paper_pairs import PAIRS, Claim


def is_constant(input_set: str) -> bool:
    """Whether all pixels have one value."""
    return input_set.startswith("constant=")


def is_noise(input_set: str) -> bool:
    """Whether the images are uniform noise."""
    return input_set.startswith("noise=")


def ungrayed(input_set: str) -> str | None:
    """The set whose contrast was lowered or whose colour was removed; None for a set that was not grayed so."""
    name, _, transform = input_set.rpartition(":")
    kind, _, value = transform.partition("=")
    if not name or not (transform == "luminance" or (kind == "contrast" and 0 <= _factor(value) < 1)):
        return None
    return name


def _factor(text: str) -> float:
    """A factor of contrast; NaN if it is none."""
    try:
        return float(text)
    except ValueError:
        return nan


def other_set(train_set: str, input_set: str) -> str | None:
    """The data set of an unchanged input set other than the training set; None if it is none."""
    name, slash, split = input_set.partition("/")
    return name if slash and ":" not in split and name != train_set else None


def is_paper_pair(train_set: str, input_set: str, claim: Claim) -> bool:
    """Whether the paper reports of this pair of sets that the second one is more, or less, likely."""
    other = other_set(train_set, input_set)
    return any((p.train_set, p.other_set, p.claim) == (train_set, other, claim) for p in PAIRS)
