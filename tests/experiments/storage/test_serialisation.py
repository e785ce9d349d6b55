import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curvature.errors import ConfigError, UnknownNameError
from experiments.storage.serialisation import content_hash, differences, from_plain, to_plain


@dataclass(frozen=True)
class Inner:
    width: int = 3
    kind: Literal["smooth", "rough"] = "smooth"

    def __post_init__(self):
        if self.width < 0:
            raise UnknownNameError(f"width must not be negative, got {self.width}")


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner = field(default_factory=Inner)
    rate: float = 0.5
    clip: float | None = None
    betas: tuple[float, float] = (0.9, 0.99)
    sizes: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    place: Path = Path("a/b")
    flag: bool = False
    anything: Any = None


outers = st.builds(
    Outer,
    name=st.text(),
    inner=st.builds(Inner, st.integers(0), st.sampled_from(["smooth", "rough"])),
    rate=st.floats(allow_nan=False, allow_infinity=False),
    clip=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    sizes=st.lists(st.integers()).map(tuple),
    place=st.just(Path("c/d")),
    flag=st.booleans(),
)


@settings(deadline=None, max_examples=50)
@given(outers)
def test_a_dataclass_survives_the_way_through_json(outer):
    assert from_plain(Outer, json.loads(json.dumps(to_plain(outer)))) == outer


def test_what_is_left_out_takes_its_default():
    assert from_plain(Outer, {"name": "a", "inner": {}}) == Outer("a")


def test_a_whole_number_may_stand_for_a_float():
    rate = from_plain(Outer, {"name": "a", "rate": 1}).rate
    assert rate == 1.0
    assert isinstance(rate, float)


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        ({"nam": "a"}, r"Outer: unknown key 'nam'; did you mean 'name'\?"),
        ({"name": "a", "rat": 1}, r"Outer: unknown key 'rat'; did you mean 'rate'\?"),
        ({"name": "a", "xyzzy": 1}, "unknown key 'xyzzy'; known: name, inner"),
        ({"name": "a", "inner": {"with": 1}}, r"Outer\.inner: unknown key 'with'"),
        ({}, "key 'name' is missing"),
        ({"name": 3}, r"Outer\.name: expected text, got 3"),
        ({"name": "a", "inner": {"width": "3"}}, r"Outer\.inner\.width: expected a whole number, got '3'"),
        ({"name": "a", "inner": {"width": True}}, "expected a whole number, got True"),
        ({"name": "a", "inner": {"kind": "odd"}}, "expected one of 'smooth', 'rough', got 'odd'"),
        ({"name": "a", "rate": True}, "expected a number, got True"),
        ({"name": "a", "clip": "none"}, "expected a number, got 'none'"),
        ({"name": "a", "betas": [0.9]}, r"Outer\.betas: Not enough values in \[0\.9\]"),
        ({"name": "a", "betas": [0.9, "b"]}, r"Outer\.betas\[1\]: expected a number, got 'b'"),
        ({"name": "a", "place": 3}, "expected a path, got 3"),
        ({"name": "a", "inner": [1]}, r"Outer\.inner: expected a mapping of Inner's fields"),
        ({"name": "a", "sizes": 3}, "expected a list, got 3"),
        ({"name": "a", "names": "abc"}, r"Outer\.names: expected a list, got 'abc'"),
        ({"name": "a", "inner": {"width": -1}}, r"Outer\.inner: width must not be negative, got -1"),
        ({"name": "a", "sizes": [1, "b"]}, r"Outer\.sizes\[1\]: expected a whole number"),
        ({"name": "a", "flag": 1}, "expected true or false"),
        ([1], "expected a mapping of Outer's fields"),
    ],
)
def test_a_mistake_is_named_with_its_place(plain, message):
    with pytest.raises(ConfigError, match=message):
        from_plain(Outer, plain)


@pytest.mark.parametrize("value", [float("nan"), object(), {"a": {"b": float("inf")}}])
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises(ConfigError, match="expected a finite number"):
        to_plain(value)


def test_the_hash_follows_the_contents_and_not_the_order():
    assert content_hash({"a": 1, "b": (2, 3)}) == content_hash({"b": [2, 3], "a": 1})
    assert content_hash({"a": 1}) != content_hash({"a": 2})
    assert content_hash(Inner()) == content_hash({"width": 3, "kind": "smooth"})


def test_the_hash_is_the_one_that_finished_stages_were_recorded_with():
    value = {"b": [1, 2.5, None, True, "ä"], "a": Inner()}
    assert content_hash(value) == "696f2e84de9511801baa43f0f808f4114dc450c15ac21a780fbafef3670057c4"


def test_differences_name_dotted_keys():
    old = {"a": {"b": 1, "c": 2}, "d": [1]}
    assert differences(old, old) == []
    assert differences(old, {"a": {"b": 1, "c": 3}, "d": [1], "e": "x"}) == ["a.c: 2 -> 3", 'e: null -> "x"']
