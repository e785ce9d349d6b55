"""`likelihood-curvature claims` as a user meets it, on tables of made-up worlds."""

import pandas as pd
import pytest

from analysis.claims_engine.registry import data_claims
from analysis.claims_engine.table_kinds import TABLE_KINDS
from analysis.comparison import COLUMNS, SPLIT_COLUMNS
from experiments.command_line import main
from experiments.command_line.commands import COMMANDS
from experiments.paper.families.table import COLUMNS as FAMILY_COLUMNS
from experiments.paper.gaps.tables import GAP_COLUMNS
from experiments.study.claim_tables import read_claim_tables
from experiments.study.trajectory import HESSIAN_COLUMNS, PREDICTION_COLUMNS
from tests.analysis.claims_engine.worlds import World


def run(*arguments):
    main(["claims", *map(str, arguments)])


def fail(capsys, *arguments):
    """Run a command that must fail; returns its one line on standard error."""
    with pytest.raises(SystemExit) as stop:
        run(*arguments)
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    return line


@pytest.fixture
def written(tmp_path):
    """Directories of results and of runs, with every table of a world where all claims are true."""
    results, runs = tmp_path / "results", tmp_path / "runs"
    (runs / "one").mkdir(parents=True)
    results.mkdir()
    for name, table in World(is_true=True).tables().items():
        kind = TABLE_KINDS[name]
        table.to_csv((results if kind.in_results else runs / "one") / kind.file, index=False)
    return results, runs


def test_all_tables_give_all_claims_a_verdict(written, tmp_path, capsys):
    results, runs = written
    run("--results", results, "--runs", runs, "--out", tmp_path / "out")
    printed = capsys.readouterr().out
    table = pd.read_csv(tmp_path / "out" / "claims.csv")
    assert set(table["claim"]) == {one.name for one in data_claims()}
    assert set(table["verdict"]) == {"holds"}
    assert all(f"## {one.name}" in (tmp_path / "out" / "claims.md").read_text() for one in data_claims())
    assert all(one.name in printed for one in data_claims())
    assert "no data" not in printed


def test_a_missing_table_is_no_error_but_a_row_with_the_command(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    run("waic-tells-apart", "--results", tmp_path / "empty", "--out", tmp_path)
    assert "families" in capsys.readouterr().out
    row = pd.read_csv(tmp_path / "claims.csv").iloc[0]
    assert row["claim_verdict"] == "no data: needs families.csv or waic.csv, made by: likelihood-curvature families"


def test_an_unknown_claim_gets_the_nearest_name(tmp_path, capsys):
    assert "did you mean 'beyond-flows'" in fail(capsys, "beyond-flow", "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_damaged_table_is_one_line(written, tmp_path, capsys):
    results, _ = written
    pd.read_csv(results / "gaps.csv").drop(columns="gap_to_train").to_csv(results / "gaps.csv", index=False)
    line = fail(capsys, "--results", results, "--out", tmp_path / "out")
    assert "gaps.csv: lacks the columns gap_to_train" in line


def test_the_table_of_a_run_that_is_named_twice_is_read_once(written):
    results, runs = written
    once = read_claim_tables(results, (runs,))
    twice = read_claim_tables(results, (runs, runs / "one"))
    assert {name: len(table) for name, table in once.items()} == {name: len(table) for name, table in twice.items()}
    assert set(once["attribution"]["run_directory"]) == {str(runs / "one")}


def test_a_table_without_rows_is_as_good_as_none(written, tmp_path):
    results, runs = written
    pd.DataFrame(columns=SPLIT_COLUMNS).to_csv(runs / "one" / "split.csv", index=False)
    run("nothing-beyond-two-moments", "--results", results, "--runs", runs, "--out", tmp_path)
    assert pd.read_csv(tmp_path / "claims.csv")["claim_verdict"].item().startswith("no data: needs split.csv")


@pytest.mark.parametrize("one", data_claims(), ids=lambda one: one.name)
def test_the_command_that_a_claim_names_exists(one):
    program, command, *_ = one.command.split()
    assert program == "likelihood-curvature"
    assert command in COMMANDS


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("gaps", GAP_COLUMNS),
        ("ladder", COLUMNS),
        ("comparison", COLUMNS),
        ("split", SPLIT_COLUMNS),
        ("families", FAMILY_COLUMNS),
        ("trajectory", PREDICTION_COLUMNS),
        ("hessians", HESSIAN_COLUMNS),
    ],
)
def test_the_commands_write_the_columns_that_claims_read(name, columns):
    kind = TABLE_KINDS[name]
    assert set(kind.columns) | set(kind.numbers) <= set(columns)
