"""Declared ranges of settings: what they take, how they are told."""

from dataclasses import dataclass
from typing import Annotated

import pytest

from curvature.errors import ConfigError
from experiments.settings import Range, Seed, declared_ranges, require_ranges

NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("allowed", "good", "bad"),
    [
        (Range(1, 5), [1, 5, 2.5], [0, 6, NAN, INFINITY, -INFINITY, True, "3", None, 10**400]),
        (Range(0, 1, without_low=True), [1e-300, 1], [0, 1.1, NAN]),
        (Range(0, 1, without_high=True), [0, 0.999], [1, -1e-9]),
    ],
)
def test_a_range_takes_the_numbers_between_its_bounds(allowed, good, bad):
    assert all(number in allowed for number in good)
    assert not any(number in allowed for number in bad)


@pytest.mark.parametrize(
    ("allowed", "words"),
    [
        (Range(1, 65_536), "from 1 to 65,536"),
        (Range(2, 10**9), "from 2 to 10^9"),
        (Range(0, 2**63 - 2), "from 0 to 2^63 - 2"),
        (Range(0, 1, without_high=True), "from 0 to below 1"),
        (Range(0, 0.5, without_low=True), "above 0 up to 0.5"),
    ],
)
def test_a_range_is_told_in_words(allowed, words):
    assert str(allowed) == words


@dataclass
class Settings:
    count: Annotated[int, Range(1, 9)] = 1
    factors: tuple[Annotated[float, Range(0, 1)], ...] = (0.5, 1)
    seed: Seed | None = None
    name: str = "free"


def test_every_declared_number_is_checked_and_named():
    require_ranges(Settings(), "study")
    require_ranges(Settings(seed=3, factors=()), "study")
    assert set(declared_ranges(Settings)) == {"count", "factors", "seed"}
    for wrong, words in (
        ({"count": 10}, r"study setting count: expected a whole number from 1 to 9, got 10"),
        ({"count": 2.0}, "count: expected a whole number"),
        ({"count": None}, "count: expected a whole number"),
        ({"factors": (0.5, NAN)}, "factors: expected a number from 0 to 1, got nan"),
        ({"seed": -1}, "seed: expected a whole number from 0"),
    ):
        with pytest.raises(ConfigError, match=words):
            require_ranges(Settings(**wrong), "study")
