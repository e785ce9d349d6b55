"""One contract over every claim about data that the registry finds."""

from pathlib import Path

import pytest

import analysis.claims
from analysis.claims_engine.registry import chosen_claims, data_claims, data_claims_of
from analysis.claims_engine.table_kinds import TABLE_KINDS
from curvature.errors import UnknownNameError

ROOM = Path(analysis.claims.__file__).parent


@pytest.mark.parametrize("one", data_claims(), ids=lambda one: one.name)
def test_claims_are_described(one):
    assert (ROOM / f"{one.name.replace('-', '_')}.py").is_file()
    assert one.statement[0].isupper()
    assert one.source
    assert one.effect
    assert set(one.reads) <= set(TABLE_KINDS)


def test_every_file_is_a_claim_and_has_a_place_of_its_own():
    assert {one.name.replace("-", "_") for one in data_claims()} == {p.stem for p in ROOM.glob("*.py")} - {"__init__"}
    orders = [one.order for one in data_claims()]
    assert orders == sorted(set(orders))


def test_an_unknown_claim_gets_the_nearest_name():
    with pytest.raises(UnknownNameError, match="did you mean 'waic-tells-apart'"):
        chosen_claims(("waic-tell-apart",))


def test_claims_are_chosen_by_name_in_the_order_of_the_tables():
    assert [one.name for one in chosen_claims(("waic-tells-apart", "beyond-flows"))] == [
        "beyond-flows",
        "waic-tells-apart",
    ]


def test_a_new_file_is_a_new_claim(tmp_path, monkeypatch):
    package = tmp_path / "some_data_claims"
    package.mkdir()
    (package / "__init__.py").touch()
    for name, order in (("second", 2), ("first", 1)):
        (package / f"{name}.py").write_text(f"class CLAIM:\n    name, order = {name!r}, {order}\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert [one.name for one in data_claims_of("some_data_claims")] == ["first", "second"]
