"""Every claim in worlds with known answers: true, false, and too noisy to tell."""

import pytest

from analysis.claims_engine.evaluation import evaluate_claims
from analysis.claims_engine.registry import chosen_claims, data_claims
from curvature.verdict import Verdict
from tests.analysis.claims_engine.worlds import World

NAMES = [one.name for one in data_claims()]
# Claims about predictions of gaps that are themselves resolved: only the predictions can be noisy.
OF_PREDICTIONS = {
    "volume-carries-the-gap",
    "published-sign",
    "second-order-sign",
    "second-order-size",
    "three-nodes-suffice",
    "two-moments-explain",
    "less-variance-predicted-likelier",
    "second-order-possible",
    "higher-orders-are-small",
    "nothing-beyond-two-moments",
}


def outcome(name, tables):
    (found,) = evaluate_claims(chosen_claims((name,)), tables)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_true_claim_holds(name):
    found = outcome(name, World(is_true=True).tables())
    assert found.verdict is Verdict.HOLDS, found
    assert found.fails_for == ()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "volume-carries-the-gap"])
def test_a_false_claim_is_refuted(name):
    found = outcome(name, World(is_true=False).tables())
    assert found.verdict is Verdict.REFUTED, found
    assert len(found.fails_for) == len(found.findings)


def test_a_volume_term_that_carries_little_of_a_gap_refutes_its_claim():
    families = World(is_true=True).families().assign(volume_share=0.2)
    found = outcome("volume-carries-the-gap", {"families": families})
    assert found.fails_for == ("cifar10 -> svhn/test (small-affine-glow)",)


def test_there_is_no_share_to_claim_where_the_other_set_is_less_likely():
    found = outcome("volume-carries-the-gap", {"families": World(is_true=False).families()})
    assert found.verdict is Verdict.NO_DATA


@pytest.mark.parametrize("name", NAMES)
def test_a_claim_is_not_resolved_within_the_noise(name):
    noise = {"prediction_noise": 1e6} if name in OF_PREDICTIONS else {"gap_noise": 1e6}
    found = outcome(name, World(is_true=True, **noise).tables())
    assert found.verdict is Verdict.NOT_RESOLVED, found


@pytest.mark.parametrize("name", NAMES)
def test_each_table_alone_is_enough_or_says_that_it_has_no_row(name):
    (claim,) = chosen_claims((name,))
    tables = World(is_true=True).tables()
    found = [outcome(name, {table: tables[table]}) for table in claim.reads]
    assert {each.verdict for each in found} <= {Verdict.HOLDS, Verdict.NO_DATA}
    assert Verdict.HOLDS in {each.verdict for each in found}


@pytest.mark.parametrize("name", NAMES)
def test_without_tables_a_claim_says_which_command_makes_them(name):
    found = outcome(name, {})
    assert found.verdict is Verdict.NO_DATA
    assert found.claim.command in found.summary
    assert ".csv" in found.summary


def test_a_claim_that_holds_for_some_says_for_how_many_and_where_it_fails():
    tables = {"gaps": World(is_true=True).gaps_table()}
    gaps = tables["gaps"]
    gaps.loc[gaps["input_set"] == "cifar10/test:luminance", ["bpd", "gap_to_train"]] += 5
    found = outcome("lower-contrast-likelier", tables)
    assert (found.verdict, found.summary) == (Verdict.HOLDS_FOR, "holds for 1 of 2")
    assert found.fails_for == ("cifar10 -> cifar10/test:luminance (cifar10)",)


@pytest.mark.parametrize(("part", "verdict"), [(0.05, Verdict.HOLDS), (0.07, Verdict.REFUTED)])
def test_a_part_is_small_against_the_gap_that_it_is_a_part_of(part, verdict):
    split = World(is_true=True).split()
    split.loc[split["part"] == "higher orders", "gap"] = part  # of a gap of 0.6, of which a tenth is 0.06
    assert outcome("higher-orders-are-small", {"split": split}).verdict is verdict
