"""The input sets of each model: its own images, the other sets of its pairs, grayed and constant images, and noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from analysis.paper_pairs import PAIRS, Pair
from curvature.errors import ShapeError, UnknownNameError
from curvature.names import require_known
from experiments.data.registry import DESCRIPTIONS
from experiments.data.stored_sets import find_split

Kind = Literal["train", "test", "held out", "other", "grayed", "constant", "noise"]

CONSTANTS = (0, 128)
CONTRAST = 0.5
MOST_GENERATED = {"bpd": 1000, "ladder": 64}
"""Most images of constant sets and of noise, whose log p hardly varies within the set."""


@dataclass(frozen=True)
class Shown:
    """One input set that a model is shown."""

    input_set: str
    """Its name, as for `compare`."""
    kind: Kind
    """Its part in the experiment."""

    @property
    def in_ladder(self) -> bool:
        """Whether its gap is predicted, too, or only measured. The training set has no gap to itself."""
        return self.kind not in ("train", "held out", "noise")

    def count(self, stage: Literal["bpd", "ladder"], wanted: int) -> int:
        """How many images of it to take."""
        return min(wanted, MOST_GENERATED[stage]) if self.kind in ("constant", "noise") else wanted


def shown_to(train_set: str, others: Sequence[str]) -> tuple[Shown, ...]:
    """All input sets for a model; the training images come first, then its own test images."""
    description = DESCRIPTIONS[train_set]
    is_gray = description.event_shape is not None and description.event_shape[0] == 1
    has_more = "heldout" in description.splits and find_split(train_set, "heldout") is not None
    return (
        Shown(f"{train_set}/train", "train"),
        Shown(f"{train_set}/test", "test"),
        *([Shown(f"{train_set}/heldout", "held out")] if has_more else []),
        *(Shown(f"{other}/test", "other") for other in others),
        Shown(f"{train_set}/test:contrast={CONTRAST:g}", "grayed"),
        *([] if is_gray else [Shown(f"{train_set}/test:luminance", "grayed")]),
        *(Shown(f"constant={value}", "constant") for value in CONSTANTS),
        Shown("noise=uniform", "noise"),
    )


def read_pairs(names: Sequence[str]) -> tuple[Pair, ...]:
    """Pairs from their names `TRAIN:OTHER`, each once; those of the paper keep what it says of them.

    Raises
    ------
    UnknownNameError
        If a name has another form, names one set twice, or there is no such data set.
    ShapeError
        If images of the other set do not fit a flow of the first.
    """
    known = {f"{pair.train_set}:{pair.other_set}": pair for pair in PAIRS}
    pairs = []
    for name in names:
        train_set, colon, other = name.partition(":")
        if not colon:
            raise UnknownNameError(f"pair {name!r}: expected TRAIN:OTHER, such as cifar10:svhn")
        for each in (train_set, other):
            require_known("data set", each, DESCRIPTIONS)
        if train_set == other:
            raise UnknownNameError(f"pair {name!r}: expected two sets; a model's own test images are always shown")
        _require_fit(name, train_set, other)
        pairs.append(known.get(name, Pair(train_set, other)))
    return tuple(dict.fromkeys(pairs))


def _require_fit(name: str, train_set: str, other: str) -> None:
    """Raise unless the other set's images fit the flow (`analysis.inputs.fit_event_shape`); embedded ones follow it."""
    shape, own = (DESCRIPTIONS[each].event_shape for each in (train_set, other))
    if shape is not None and own is not None and any(its > mine for its, mine in zip(own, shape, strict=True)):
        raise ShapeError(
            f"pair {name!r}: images of {other}, {' x '.join(map(str, own))}, do not fit a flow of "
            f"{' x '.join(map(str, shape))}; only gray to colour and smaller to larger can be made to fit"
        )
