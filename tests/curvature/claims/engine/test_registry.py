"""One contract over every claim that the registry finds, and what the registry does with a new file."""

import sys
from pathlib import Path

import pytest

import curvature.claims
from curvature.claims import Verdict, claim, claims
from curvature.claims.engine.registry import claims_of
from curvature.errors import OptionError, UnknownNameError

ROOM = Path(curvature.claims.__file__).parent
THEORY = (Path(__file__).parents[4] / "docs" / "theory.md").read_text()


@pytest.mark.parametrize("one", claims(), ids=lambda one: one.name)
def test_claims_are_described(one):
    assert (ROOM / f"{one.name.replace('-', '_')}.py").is_file()
    assert one.statement[0].isupper()
    assert one.test or one.evidence
    assert one.equations
    assert all(THEORY.count(rf"\tag{{{equation}}}") == 1 for equation in one.equations)
    assert one.expected is not Verdict.UNDECIDED
    assert (one.expected is Verdict.CONDITIONAL) <= (one.condition is not None)


def test_every_file_of_the_room_is_a_claim_and_has_a_place_of_its_own():
    files = {path.stem for path in ROOM.glob("*.py")} - {"__init__", "strategies"}
    assert {one.name.replace("-", "_") for one in claims()} == files
    orders = [one.order for one in claims()]
    assert orders == sorted(set(orders))


def test_a_new_file_is_a_new_claim(tmp_path, monkeypatch):
    package = tmp_path / "some_claims"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "no_claim.py").touch()
    for name, order in (("second", 2), ("first", 1)):
        (package / f"{name}.py").write_text(
            "from curvature.claims import Claim, Verdict\n"
            f"CLAIM = Claim(name='{name}', order={order}, statement='.', equations=(), expected=Verdict.HOLDS)\n"
        )
    monkeypatch.syspath_prepend(tmp_path)
    assert [one.name for one in claims_of("some_claims")] == ["first", "second"]
    for name in [name for name in sys.modules if name.startswith("some_claims")]:
        monkeypatch.delitem(sys.modules, name)


def test_unknown_claims_are_named():
    with pytest.raises(UnknownNameError, match="did you mean 'stein'"):
        claim("stien")


def test_what_sympy_alone_decides_has_no_cases():
    with pytest.raises(OptionError, match="sympy alone"):
        claim("linear-coefficient").evaluate(None)
