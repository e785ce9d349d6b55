import io

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from analysis.comparison import COLUMNS
from analysis.table import comparison_tables
from analysis.table_notes import IMPOSSIBLE, NOT_CONVERGED, WRONG_SIGN

RUNGS = {"diagonal": 120.0, "full": 0.5, "mean-curvature": 0.9, "path-1": 1.2, "path-3": 1.1, "path": 1.0}
SETS = {"flower/test": -2.5, "noise=uniform": 430.0, "constant=128": 0.75}


@pytest.fixture
def comparison():
    """Rows as they were written before rungs had kinds and models ceilings."""
    rows, later = [], ("half_sample", "ceiling", "ceiling_se", "no_ceiling", "remark")
    for input_set, measured in SETS.items():
        for rung, factor in RUNGS.items():
            row = dict.fromkeys(COLUMNS, 0.0) | {"train_set": "china", "input_set": input_set, "rung": rung}
            row |= dict.fromkeys(later) | {
                "bpd": 5 + measured,
                "measured": measured,
                "predicted": factor * measured,
                "nodes": 8.0,
            }
            rows.append(row | {"predicted_se": 0.02, "measured_se": 0.01, "bpd_se": 0.01, "sign_agrees": True})
    return pd.DataFrame(rows)


@pytest.fixture
def with_kinds(comparison, tmp_path):
    """Rows with kinds, convergence and what `path` leaves, as they are read from a file."""
    is_path = comparison["rung"] == "path"
    kinds = np.where(comparison["rung"].isin(["diagonal", "full"]), "moments", "samples")
    converged = np.where(is_path, (comparison["input_set"] != "noise=uniform").map(str), "")
    left = comparison["input_set"].map({"flower/test": 0.001, "noise=uniform": 2.5, "constant=128": 0.006})
    comparison = comparison.assign(kind=kinds, converged=converged)
    comparison["unexplained"], comparison["unexplained_se"] = left.where(is_path), is_path.map({True: 0.004})
    comparison.to_csv(tmp_path / "comparison.csv", index=False)
    return pd.read_csv(tmp_path / "comparison.csv")


def rendered(comparison, width=140, **options):
    console = Console(file=io.StringIO(), width=width)
    for table in comparison_tables(comparison, width, **options):
        console.print(table)
    return console.file.getvalue()


def lines_of(text, name):
    return [line for line in text.splitlines() if line.startswith(name)]


def test_the_table_shows_every_rung_and_marks_a_clearly_wrong_sign(comparison):
    text = rendered(comparison)
    for name in ("BPD", "measured", "diagonal", "full", "path-3", "bits/dim", "Trained on china", "n=8"):
        assert name in text
    (line,) = lines_of(text, "flower/test")
    assert WRONG_SIGN not in line
    wrong = comparison.assign(predicted=-comparison["predicted"], sign_agrees=False)
    (line,) = lines_of(rendered(wrong), "flower/test")
    assert line.count(WRONG_SIGN) == len(RUNGS)


def test_a_wrong_sign_within_the_noise_is_not_marked(comparison):
    noisy = comparison.assign(predicted=0.01, predicted_se=0.02, sign_agrees=False)
    assert all(WRONG_SIGN not in line for line in lines_of(rendered(noisy), "flower/test"))


@pytest.mark.parametrize(("width", "tables"), [(60, 3), (80, 2), (100, 1)])
@pytest.mark.parametrize("rows", ["comparison", "with_kinds"])
def test_a_narrow_terminal_spreads_the_rungs_over_tables_and_cuts_no_number(rows, width, tables, request):
    comparison = request.getfixturevalue(rows)
    text = rendered(comparison, width)
    assert max(map(len, text.splitlines())) <= width
    headings = lines_of(text, "input set")
    assert len(headings) == tables
    for name, each in comparison.groupby("input_set"):
        shown = " ".join(lines_of(text, name)[:tables])
        for value in each["predicted"]:
            assert f"{value:+.{3 if abs(value) < 10 else 1 if abs(value) < 1000 else 0}f}".replace("-", "−") in shown


def test_rungs_of_one_kind_stand_together_under_their_heading_and_take_no_more_room(comparison, with_kinds):
    shuffled = with_kinds.sort_values("rung", kind="stable")
    lines = rendered(shuffled).splitlines()
    places = {word: next(line.index(word) for line in lines if word in line) for word in ("predicted ", "explained ")}
    (heading,) = lines_of("\n".join(lines), "input set")
    assert heading.split()[-len(RUNGS) :] == ["diagonal", "full", "curvature", "path", "path-1", "path-3"]
    assert heading.index("diagonal") <= places["predicted "] < heading.index("curvature") <= places["explained "]
    assert len(heading) == len(lines_of(rendered(comparison), "input set")[0])


def test_a_table_without_kinds_has_no_headings_over_its_rungs(comparison):
    assert "explained" not in rendered(comparison)


def test_a_path_that_did_not_converge_is_marked_and_the_mark_is_explained(comparison, with_kinds):
    text = rendered(with_kinds)
    assert lines_of(text, "noise=uniform")[0].rstrip().endswith(f"+430.0{NOT_CONVERGED}")
    assert all(NOT_CONVERGED not in line for name in ("flower/test", "constant=128") for line in lines_of(text, name))
    assert f"'{NOT_CONVERGED}' marks a rung whose quadrature did not converge." in " ".join(text.split())
    assert NOT_CONVERGED not in rendered(comparison)
    assert NOT_CONVERGED not in rendered(with_kinds[with_kinds["input_set"] != "noise=uniform"])


@pytest.mark.parametrize(
    ("unexplained", "error", "is_said"),
    [(25.0, 1.0, True), (-25.0, 1.0, True), (25.0, 9.0, False), (0.004, 0.0001, False), (np.nan, np.nan, False)],
)
def test_what_stays_unexplained_is_said_from_three_standard_errors_and_the_tolerance_on(
    with_kinds, unexplained, error, is_said
):
    rows = with_kinds.assign(unexplained=unexplained, unexplained_se=error)
    text = rendered(rows)
    assert text.count("unexplained (measured minus path)") == (len(SETS) if is_said else 0)
    if is_said:
        amount = f"{unexplained:+.3f} ± {error:.3f}".replace("-", "−")
        assert f"flower/test: {amount} bits/dim unexplained" in text


def test_rungs_that_are_left_out_are_named_with_the_reason(comparison):
    reason = "the model does not say the scale of its prior"
    text = rendered(comparison, left_out=[("published", reason)])
    assert text.rstrip().endswith(f"published: not shown, {reason}")
    assert "published" not in rendered(comparison)


def test_notes_stay_without_the_legend(with_kinds):
    rows = with_kinds.assign(unexplained=25.0, unexplained_se=0.004)
    text = rendered(rows, with_legend=False)
    assert "Gaps in bits/dim" not in text
    assert "noise=uniform: +25.000 ± 0.004 bits/dim unexplained" in text


def test_one_percent_of_the_gap_is_within_the_tolerance(with_kinds):
    rows = with_kinds.assign(unexplained=0.009 * with_kinds["measured"], unexplained_se=1e-6)
    assert "unexplained (measured" not in rendered(rows[rows["measured"].abs() > 1])


def test_a_rung_that_one_set_lacks_leaves_an_empty_cell_and_moves_no_other(comparison):
    lacking = comparison[~((comparison["input_set"] == "constant=128") & (comparison["rung"] == "full"))]
    (whole,), (line,) = lines_of(rendered(comparison), "constant=128"), lines_of(rendered(lacking), "constant=128")
    cell = "+0.375"
    assert line.split() == [word for word in whole.split() if word != cell]
    assert whole.replace(cell, " " * len(cell)) == line


def test_rows_may_be_told_apart_by_another_column(comparison):
    one = comparison[comparison["input_set"] == "flower/test"]
    steps = pd.concat([one.assign(step=step) for step in (1, 10)])
    text = rendered(steps, by="step", title="while training")
    assert "while training" in text
    assert len(lines_of(text, "1 ")) == len(lines_of(text, "10 ")) == 1


@pytest.fixture
def with_ceiling(with_kinds):
    """Under a constant-volume flow whose ceiling is 2.6 bits/dim; `full` predicts half of each gap."""
    return with_kinds.assign(kind="moments", ceiling=2.6, ceiling_se=0.02, no_ceiling=None)


def test_the_ceiling_is_given_with_the_measured_shares_and_predictions_beyond_it_are_marked(with_ceiling):
    text = rendered(with_ceiling)
    assert "no gap lies below −2.600 ± 0.020 bits/dim. Measured shares of it: flower/test 96%." in " ".join(
        text.split()
    )
    (line,) = lines_of(text, "flower/test")
    marked = [cell.rstrip(IMPOSSIBLE) for cell in line.split() if cell.endswith(IMPOSSIBLE)]
    assert marked == ["−300.0", "−3.000", "−2.750"]
    assert f"'{IMPOSSIBLE}' marks a prediction beyond the ceiling" in " ".join(text.split())
    explained = with_ceiling.assign(kind="samples")
    assert IMPOSSIBLE not in rendered(explained)


def test_a_prediction_within_two_standard_errors_of_the_ceiling_is_not_called_impossible(with_ceiling):
    assert IMPOSSIBLE in rendered(with_ceiling.assign(predicted=-2.7, predicted_se=0.03))
    assert IMPOSSIBLE not in rendered(with_ceiling.assign(predicted=-2.7, predicted_se=0.05))


def test_without_a_ceiling_the_reason_is_said_once(with_kinds):
    rows = with_kinds.assign(no_ceiling="the model does not promise a constant log-determinant")
    text = rendered(rows)
    assert text.count("No ceiling: the model does not promise a constant log-determinant.") == 1


def test_ceilings_of_several_steps_are_not_mixed(with_ceiling):
    steps = pd.concat([with_ceiling.assign(step=step, ceiling=2.6 + step) for step in (1, 10)])
    assert "no gap lies below" not in rendered(steps, by="step")


def test_gaps_from_half_of_the_images_and_remarks_stand_under_the_table(with_kinds):
    is_full = with_kinds["rung"] == "full"
    rows = with_kinds.assign(half_sample=(-1.2345 + 0 * is_full).where(is_full), remark=None)
    rows["remark"] = rows["remark"].astype(object).where(~is_full, "full: the covariance of 6 images is singular")
    text = " ".join(rendered(rows).split())
    assert "full with the moments of half of the images: flower/test −1.234, noise=uniform −1.234" in text
    assert text.count("full: the covariance of 6 images is singular") == 1
