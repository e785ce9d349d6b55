"""The default input sets of a comparison: those of the paper that are available and fit the flow."""

from dataclasses import replace
from typing import TypeVar

from experiments.data.registry import DESCRIPTIONS, EMBEDDED, OF_ANY_SIZE
from experiments.data.stored_sets import find_split
from experiments.paper.pairs import PAPER_SETS
from experiments.study.configuration import ComparisonConfig, ExplanationConfig, TrajectoryConfig
from experiments.study.rivals_config import RivalsConfig

Settings = TypeVar("Settings", ComparisonConfig, ExplanationConfig, RivalsConfig, TrajectoryConfig)


def with_default_inputs(settings: Settings, train_set: str) -> Settings:
    """Return the settings with the default input sets for a flow trained on this set, if they name none."""
    return settings if settings.inputs else replace(settings, inputs=default_input_names(train_set))


def default_input_names(train_set: str) -> tuple[str, ...]:
    """Return the names of the default input sets for a flow trained on this set.

    Its own test images, the other sets, grayed and constant images, and noise. The other sets are the embedded ones for
    an embedded set. For a real one they are those of the paper's pairs that are found here and fit (gray images fit a
    colour flow, smaller ones a larger flow), and patches of the photographs at the flow's size. For one's own arrays
    these are their grayed images, constants and noise.
    """
    if train_set not in DESCRIPTIONS:
        # One's own arrays: there is no test split, and what else fits is not known.
        return tuple(name for name in _inputs(train_set, ())[1:] if not name.endswith(":luminance"))
    shape = DESCRIPTIONS[train_set].event_shape
    if shape is None:
        return _inputs(train_set, tuple(dict.fromkeys((*OF_ANY_SIZE, *EMBEDDED))))
    others = tuple(name for name in PAPER_SETS if _fits(name, shape) and find_split(name, "test") is not None)
    if shape[0] == 1:
        # Images of one channel have no colour that luminance could remove.
        return tuple(name for name in _inputs(train_set, others) if not name.endswith(":luminance"))
    return _inputs(train_set, (*others, *OF_ANY_SIZE))


def _fits(name: str, shape: tuple[int, int, int]) -> bool:
    """Whether images of a real set fit a flow of this event shape (`analysis.inputs.fit_event_shape`)."""
    own = DESCRIPTIONS[name].event_shape
    return own is not None and all(mine <= its for mine, its in zip(own, shape, strict=True))


def _inputs(train_set: str, other_sets: tuple[str, ...]) -> tuple[str, ...]:
    """Own test images, the other sets, both kinds of graying, constants, uniform noise."""
    grayed = (f"{train_set}:contrast={factor}" for factor in (0.75, 0.5, 0.25))
    constants = (f"constant={value}" for value in (0, 128, 255))
    others = (name for name in other_sets if name != train_set)
    return (train_set, *others, *grayed, f"{train_set}:luminance", *constants, "noise=uniform")
