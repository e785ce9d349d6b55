"""What is written of the outcomes: rows that can be read again, and a text that names every claim."""

from math import inf

import pytest

from analysis.claims_engine.evaluation import evaluate_claims
from analysis.claims_engine.registry import chosen_claims, data_claims
from analysis.claims_engine.report import COLUMNS, findings_table, number, range_of_effects, render
from tests.analysis.claims_engine.worlds import World

NAMES = ("swapped-order-expected", "second-order-size", "waic-tells-apart")


@pytest.fixture(scope="module")
def outcomes():
    world = World(is_true=True)
    return evaluate_claims(chosen_claims(NAMES), {"gaps": world.gaps_table(), "ladder": world.ladder("reference")})


def test_every_finding_is_a_row_with_interval_threshold_and_prediction(outcomes):
    table = findings_table(outcomes)
    assert tuple(table.columns) == COLUMNS
    swapped = table.set_index("claim").loc["swapped-order-expected"]
    numbers = ("effect", "effect_se", "low", "high", "threshold_low", "threshold_high", "prediction")
    assert swapped[list(numbers)].tolist() == pytest.approx([30.0, 0.001, 29.998, 30.002, 0.0, inf, 30.0])
    assert (swapped["verdict"], swapped["subject"]) == ("holds", "svhn -> cifar10/test (svhn)")


def test_a_claim_without_data_is_a_row_with_its_command(outcomes):
    row = findings_table(outcomes).set_index("claim").loc["waic-tells-apart"]
    assert row["verdict"] == "no data"
    assert row["command"] == "likelihood-curvature families"
    assert "families.csv" in row["claim_verdict"]


def test_the_text_says_how_to_make_it_and_each_claim_again(outcomes):
    text = render(outcomes, NAMES, "--results here")
    assert f"`likelihood-curvature claims {' '.join(NAMES)} --results here`" in text
    for name in NAMES:
        assert f"## {name}\n" in text
        assert f"    likelihood-curvature claims {name} --results here\n" in text + "\n"
    assert "| svhn -> cifar10/test (svhn) | 30.0 | 30.0 to 30.0 | > 0 | 30.0 | holds |" in text


def test_every_table_of_the_text_has_as_many_cells_in_all_rows():
    text = render(evaluate_claims(data_claims(), World(is_true=True).tables()), (), "")
    tables = [block for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 1 + len(data_claims())
    for block in tables:
        cells = {row.replace(r"\|", "").count("|") for row in block.splitlines()}
        assert len(cells) == 1, block


def test_the_range_of_effects_names_what_is_claimed(outcomes):
    assert range_of_effects(outcomes[0]) == "30.0 (claimed: > 0)"
    assert range_of_effects(outcomes[2]) == ""
    assert [number(value) for value in (-0.12345, 12.345, -12345.6)] == ["−0.123", "12.3", "−12346"]
