"""The paper's gaps on the embedded photographs: tables that agree with each other, and stages that are kept."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest

from analysis.comparison import COLUMNS
from analysis.paper_pairs import PAIRS, Pair
from curvature.errors import ConfigError, UnknownNameError
from experiments.command_line import main
from experiments.paper.gaps.config import GapsConfig
from experiments.paper.gaps.measuring import measure_model, stage_file
from experiments.paper.gaps.running import make_plan, run_gaps
from experiments.paper.gaps.shown import read_pairs, shown_to
from experiments.paper.gaps.tables import GAP_COLUMNS
from experiments.paper.pairs import PUBLISHED
from experiments.storage.run_directory import RunDirectory
from experiments.study.progress import Progress
from experiments.study.workers import JobFailed

SMALL = GapsConfig(n_bpd=40, n_images=6, nodes=(1,), mean_curvature_points=1)
BOTH_WAYS = (Pair("china", "flower", "less likely"), Pair("flower", "china", "more likely"))


@pytest.fixture(scope="module")
def results(exported, tmp_path_factory):
    """Gaps of both photographs, from models of four steps: (directory of results, directory of stages)."""
    directory = tmp_path_factory.mktemp("gaps")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIKELIHOOD_CURVATURE_MODELS", str(exported))
        plan = make_plan(BOTH_WAYS, SMALL, directory / "work", skip_missing_models=False)
        (directory / "results").mkdir()
        run_gaps(plan, RunDirectory(directory / "results"), command="likelihood-curvature gaps")
    return directory / "results", directory / "work"


def test_the_table_of_gaps_is_complete(results):
    gaps = pd.read_csv(results[0] / "gaps.csv")
    assert tuple(gaps.columns) == GAP_COLUMNS
    for train_set, other in (("china", "flower"), ("flower", "china")):
        shown = gaps[gaps["train_set"] == train_set].set_index("input_set")
        assert list(shown["kind"])[:3] == ["train", "test", "other"]
        assert {f"{train_set}/test:contrast=0.5", f"{train_set}/test:luminance", "constant=0"} <= set(shown.index)
        for own in ("train", "test"):
            gap = shown["bpd"] - shown.loc[f"{train_set}/{own}", "bpd"]
            np.testing.assert_allclose(shown[f"gap_to_{own}"], gap, atol=1e-12)
            assert shown.loc[f"{train_set}/{own}", f"gap_to_{own}_se"] == 0
        errors = np.hypot(shown.loc[f"{other}/test", "bpd_se"], shown.loc[f"{train_set}/train", "bpd_se"])
        assert shown.loc[f"{other}/test", "gap_to_train_se"] == pytest.approx(errors)


def test_the_ladder_stands_beside_it(results):
    ladder = pd.read_csv(results[0] / "ladder.csv")
    assert tuple(ladder.columns) == COLUMNS
    assert {"published", "diagonal", "full", "taylor2", "mean-curvature", "path-1", "path"} <= set(ladder["rung"])
    assert (ladder["n_images"] == 6).all()
    assert "noise=uniform" not in set(ladder["input_set"])
    assert set(ladder["run"]) == {"china", "flower"}


def test_the_report_s_numbers_are_the_tables_(results):
    report = (results[0] / "README.md").read_text()
    gaps = pd.read_csv(results[0] / "gaps.csv")
    for pair in BOTH_WAYS:
        key = (gaps["train_set"] == pair.train_set) & (gaps["input_set"] == f"{pair.other_set}/test")
        row = gaps[key].iloc[0]
        (line,) = (line for line in report.splitlines() if line.startswith(f"| {pair.train_set} | {pair.other_set} |"))
        cells = [cell.strip().replace("−", "-") for cell in line.split("|")]
        assert cells[3] == f"{row['bpd']:.3f}"
        assert cells[5] == f"{row['gap_to_train']:+.3f} ± {row['gap_to_train_se']:.3f}"
        assert cells[7:9] == [row["outcome"], pair.claim]
    for checksum in re.findall(r"`([0-9a-f]{64})`", report):
        assert checksum in (results[0] / "record.json").read_text()


def test_a_compare_of_the_same_images_gives_the_same_ladder(results, models, tmp_path):
    inputs = ["--inputs", "flower", "china:contrast=0.5"]
    settings = ["--n-images", "6", "--nodes", "1", "--mean-curvature-points", "1"]
    main(["compare", "--model", "china", "--out", str(tmp_path / "c"), *inputs, *settings])
    found = pd.read_csv(tmp_path / "c" / "comparison.csv").set_index(["input_set", "rung"])
    ladder = pd.read_csv(results[0] / "ladder.csv")
    ladder = ladder[ladder["train_set"] == "china"].set_index(["input_set", "rung"])
    np.testing.assert_allclose(ladder.loc[found.index, "predicted"], found["predicted"], rtol=1e-9)
    np.testing.assert_allclose(ladder.loc[found.index, "measured"], found["measured"], rtol=1e-9)


def test_a_stopped_evaluation_goes_on_where_it_was(results, models, tmp_path):
    doing = []

    class StoppedError(Exception):
        pass

    def stop_at_the_sixth(done, total, what):
        doing.append(what)
        if len(doing) == 6:
            raise StoppedError

    plan = make_plan(BOTH_WAYS[:1], SMALL, tmp_path, skip_missing_models=False)
    with pytest.raises(StoppedError):
        measure_model(plan.jobs[0], Progress(stop_at_the_sixth))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("bpd/*.csv")}
    assert len(before) == 5
    again = []
    measure_model(plan.jobs[0], Progress(lambda done, total, what: again.append((what, done / total))))
    assert again[0] == (doing[5], pytest.approx(5 / 15))
    assert again[-1][1] == 1
    assert not {what for what, _ in again} & set(doing[:5])
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    nothing = []
    measure_model(plan.jobs[0], Progress(lambda *report: nothing.append(report), nothing.append))
    assert nothing == []


def test_the_training_side_is_evaluated_once_and_not_at_all_where_nothing_is_due(results, models, tmp_path):
    plan = make_plan(BOTH_WAYS[:1], SMALL, tmp_path, skip_missing_models=False)
    doing = []
    progress = Progress(lambda done, total, what: doing.append(what), doing.append)
    measure_model(plan.jobs[0], progress)
    assert doing.count("ladder: curvature on china/train") == 1
    table = tmp_path / "china" / "ladder" / "flower-test.csv"
    wanted = table.read_text()
    table.write_text(wanted[:-30])
    doing.clear()
    measure_model(plan.jobs[0], progress)
    assert doing == [
        "ladder: curvature on china/train",
        f"{table}: has changed since it was written; ladder/flower-test.csv is made again",
        "ladder: curvature on flower/test",
    ]
    assert table.read_text() == wanted


def test_more_images_for_bits_per_dim_leave_the_ladders_as_they_are(results, models):
    doing = []
    progress = Progress(lambda done, total, what: doing.append(what))
    work = results[1]
    more = GapsConfig(n_bpd=41, n_images=6, nodes=(1,), mean_curvature_points=1)
    measure_model(make_plan(BOTH_WAYS[:1], more, work, skip_missing_models=False).jobs[0], progress)
    assert doing
    assert not any("ladder" in each for each in doing)
    measure_model(make_plan(BOTH_WAYS[:1], SMALL, work, skip_missing_models=False).jobs[0])


def test_pairs_without_a_model_are_left_out_by_default_and_refused_by_name(models, tmp_path):
    pairs = (*BOTH_WAYS, Pair("digits", "china"))
    plan = make_plan(pairs, SMALL, tmp_path, skip_missing_models=True)
    assert plan.left_out == pairs[2:]
    with pytest.raises(UnknownNameError, match="unknown model 'digits'"):
        make_plan(pairs, SMALL, tmp_path, skip_missing_models=False)
    with pytest.raises(UnknownNameError, match="unknown model"):
        make_plan(pairs[2:], SMALL, tmp_path, skip_missing_models=True)


def test_the_command_writes_everything_and_draws_the_figure(results, models, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = ["--n-bpd", "40", "--n-images", "6", "--nodes", "1", "--mean-curvature-points", "1"]
    main(["gaps", "--pairs", "china:flower", "--out", "r", "--work", str(results[1]), *settings])
    printed = capsys.readouterr().out
    assert "bits/dim on" not in printed, "the stages are there already"
    assert "curvature on" not in printed
    assert (tmp_path / "r" / "figures" / "likelihood_gaps.png").stat().st_size > 5000
    report = (tmp_path / "r" / "README.md").read_text()
    assert "likelihood-curvature gaps --out r --pairs china:flower --n-bpd 40 --n-images 6" in report


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--pairs", "china"], ["TRAIN:OTHER"]),
        (["--pairs", "chnia:flower"], ["did you mean 'china'"]),
        (["--pairs", "digits:flower"], ["unknown model 'digits'"]),
        (["--n-images", "1"], ["--n-images", "from 2 to 10^9"]),
        (["--jobs", "0"], ["--jobs", "from 1 to 1,024"]),
        (["--pairs", "china:china"], ["expected two sets"]),
        (["--pairs", "fashion_mnist:svhn"], ["do not fit a flow of 1 x 28 x 28"]),
        (["--pairs", "china:flower", "--nodes", "0"], ["0"]),
    ],
)
def test_mistakes_are_one_line(arguments, words, models, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["gaps", "--out", str(tmp_path / "r"), "--work", str(tmp_path / "w"), *arguments])
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert all(word in line for word in words), line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_several_processes_give_the_same_tables(results, models, tmp_path):
    plan = make_plan(BOTH_WAYS, SMALL, tmp_path / "work", skip_missing_models=False)
    (tmp_path / "results").mkdir()
    run_gaps(plan, RunDirectory(tmp_path / "results"), processes=2)
    for table in ("gaps.csv", "ladder.csv"):
        found, wanted = (pd.read_csv(path / table) for path in (tmp_path / "results", results[0]))
        pd.testing.assert_frame_equal(found, wanted, rtol=1e-5)


@pytest.mark.slow
def test_an_error_in_a_process_is_told(results, models, tmp_path, monkeypatch):
    plan = make_plan(BOTH_WAYS, SMALL, tmp_path / "work", skip_missing_models=False)
    (tmp_path / "work").write_text("in the way")
    with pytest.raises(JobFailed, match=r"china: .*work.*; flower: .*work"):
        run_gaps(plan, RunDirectory(tmp_path), processes=2)


def test_a_model_under_the_name_of_another_set_is_refused(exported, tmp_path, monkeypatch):
    shutil.copytree(exported / "china", tmp_path / "flower")
    monkeypatch.setenv("LIKELIHOOD_CURVATURE_MODELS", str(tmp_path))
    with pytest.raises(ConfigError, match="'flower' was trained on china"):
        make_plan(BOTH_WAYS[1:], SMALL, tmp_path, skip_missing_models=False)


def test_a_pair_named_twice_is_measured_once():
    assert read_pairs(["cifar10:svhn", "cifar10:svhn"]) == (Pair("cifar10", "svhn", "more likely"),)


def test_settings_out_of_range_are_refused():
    with pytest.raises(ConfigError, match="n_bpd"):
        GapsConfig(n_bpd=1)


def test_names_of_stages_are_names_of_files():
    names = [stage_file("bpd", each.input_set) for each in shown_to("china", ["flower"])]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"bpd/[\w=.-]+\.csv", name) for name in names)


def test_the_paper_s_pairs_go_both_ways_and_keep_what_it_says():
    assert read_pairs(["cifar10:svhn", "svhn:celeba32", "mnist:kmnist"]) == (
        Pair("cifar10", "svhn", "more likely"),
        Pair("svhn", "celeba32", "less likely"),
        Pair("mnist", "kmnist"),
    )
    directions = {(pair.train_set, pair.other_set) for pair in PAIRS}
    assert len(directions) == len(PAIRS)
    for train_set in ("mnist", "cifar10", "celeba32", "tinyimagenet32"):
        other = "fashion_mnist" if train_set == "mnist" else "svhn"
        assert {(train_set, other), (other, train_set)} <= directions


def test_published_histograms_are_read_in_the_paper_s_units():
    """-5300 nats of 3 x 32 x 32 values are 2.49 bits/dim; the table's number for the same images is 2.39."""
    by_key = {(each.train_set, each.input_set): each for each in PUBLISHED}
    assert by_key["celeba32", "svhn/test"].bpd == pytest.approx(2.489, abs=1e-3)
    assert by_key["celeba32", "svhn/test"].uncertainty == pytest.approx(0.094, abs=1e-3)
