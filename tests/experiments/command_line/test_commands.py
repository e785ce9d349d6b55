"""The command line as a user meets it: what it prints, what it writes, and one clear line for every mistake."""

import json
import subprocess
import sys

import pandas as pd
import pytest

from analysis.comparison import COLUMNS
from experiments.command_line import main

TINY = [
    "--training.steps",
    "4",
    "--training.batch-size",
    "8",
    "--training.warmup-steps",
    "1",
    "--training.device",
    "cpu",
]
SMALL = ["--model.levels", "1", "--model.steps", "2", "--model.width", "4"]


def run(*arguments):
    main([str(argument) for argument in arguments])


def fail(capsys, *arguments, code=2):
    """Run a command that must fail; returns its one line on standard error."""
    with pytest.raises(SystemExit) as stop:
        run(*arguments)
    assert stop.value.code == code
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("likelihood-curvature: ")
    return line


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run directory of a tiny trained flow."""
    directory = tmp_path_factory.mktemp("runs") / "china"
    run("train", "--out", directory, *SMALL, *TINY)
    return directory


def test_train_writes_the_run_record(trained):
    config = json.loads((trained / "config.json").read_text())
    assert config["model"]["width"] == 4
    environment = json.loads((trained / "environment.json").read_text())
    assert environment["seed"] == 0
    assert list(environment["data"]) == ["china/train"]
    assert pd.read_csv(trained / "log.csv")["step"].max() == 4


def test_compare_writes_the_tidy_tables_and_the_figure(trained, tmp_path, capsys):
    out = tmp_path / "comparison"
    inputs = ["china:contrast=0.5", "digits", "constant=128"]
    run("compare", "--model", trained, "--out", out, "--inputs", *inputs, "--n-images", 12, "--nodes", 1, 2)
    printed = capsys.readouterr().out
    assert "china/test:contrast=0.5" in printed
    comparison = pd.read_csv(out / "comparison.csv")
    assert tuple(comparison.columns) == COLUMNS
    assert set(comparison["input_set"]) == {"china/test:contrast=0.5", "digits/test", "constant=128"}
    assert {"diagonal", "full", "taylor2", "path-1", "path-2"} <= set(comparison["rung"])
    assert (comparison["n_images"] == 12).all()
    assert len(pd.read_csv(out / "measurements.csv")) == 3
    assert (out / "figures" / "predicted_against_measured.png").stat().st_size > 10_000
    record = json.loads((out / "comparison.json").read_text())
    assert record["settings"]["n_images"] == 12
    assert record["environment"]["seed"] == 0
    assert len(record["checkpoint"]) == 64


def test_a_comparison_that_is_there_is_not_made_again(trained, tmp_path, capsys):
    arguments = ["compare", "--model", trained, "--out", tmp_path / "c", "--inputs", "constant=1", "--n-images", 4]
    run(*arguments)
    before = (tmp_path / "c" / "comparison.csv").stat().st_mtime_ns
    run(*arguments)
    assert (tmp_path / "c" / "comparison.csv").stat().st_mtime_ns == before
    assert "constant=1" in capsys.readouterr().out


def test_the_demo_trains_both_ways_and_says_what_came_out(tmp_path, capsys):
    arguments = ["demo", "--out", tmp_path, "--n-images", 8, *SMALL, *TINY]
    run(*arguments)
    printed = capsys.readouterr().out
    for train_set, other in (("china", "flower"), ("flower", "china")):
        comparison = pd.read_csv(tmp_path / train_set / "comparison.csv")
        assert len(set(comparison["input_set"])) == 11
        assert f"Trained on {train_set}: {other}/test is" in printed
        assert (tmp_path / train_set / "figures" / "predicted_against_measured.pdf").exists()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.safetensors")}
    run(*arguments)
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.safetensors")}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--data.train-set", "chnia"], ["did you mean 'china'"]),
        (["train", "--data.train-set", "digits", "--model.levels", "4"], ["divisible by 16", "8x8"]),
        (["train", "--training.steps", "0"], ["--training.steps", "from 1 to 10^9", "got '0'"]),
        (["train", "--resume", "nowhere"], ["nowhere", "does not exist"]),
        (["compare", "--model", "nowhere"], ["nowhere", "does not exist"]),
        (["demo", "--jobs", "0"], ["--jobs", "from 1 to 1,024"]),
        (["demo", "--n-images", "1"], ["--n-images", "from 2"]),
    ],
)
def test_mistakes_are_one_line(arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = fail(capsys, *arguments)
    assert all(word in line for word in words), line


def test_a_misspelt_input_set_leaves_no_directory_that_refuses_the_corrected_command(capsys, tmp_path):
    out = tmp_path / "new"
    line = fail(capsys, "train", "--data.train-set", "digits", "--evaluation.inputs", "chnia", "--out", str(out))
    assert "did you mean 'china'" in line
    assert not out.exists()


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (["chnia"], ["did you mean 'china'"]),
        (["china:sepia"], ["china:sepia", "unknown transform"]),
        (["constant=300"], ["constant=300", "255"]),
        (["constant=3", "--nodes", "0"], ["0"]),
    ],
)
def test_mistakes_in_input_names_stop_before_any_work(trained, inputs, words, capsys, tmp_path):
    line = fail(capsys, "compare", "--model", trained, "--out", tmp_path / "out", "--inputs", *inputs)
    assert all(word in line for word in words), line
    assert not (tmp_path / "out").exists()


def test_too_few_images_are_a_clear_error(trained, capsys, tmp_path):
    line = fail(capsys, "compare", "--model", trained, "--out", tmp_path / "out", "--n-images", 1)
    assert "n-images: expected a whole number from 2" in line
    assert not (tmp_path / "out").exists(), "a leftover config.json would refuse the corrected command"


def test_a_second_run_in_one_directory_with_other_settings_is_refused(trained, capsys):
    line = fail(capsys, "train", "--out", trained, *SMALL, *TINY, "--training.seed", 1)
    assert "training.seed" in line


def test_an_unwritable_directory_is_named(capsys, tmp_path):
    (tmp_path / "file").write_text("in the way")
    line = fail(capsys, "train", "--out", tmp_path / "file" / "run", *TINY)
    assert str(tmp_path / "file") in line


def test_a_checkpoint_that_does_not_fit_its_config_is_refused(trained, capsys, tmp_path):
    import shutil

    other = tmp_path / "other"
    shutil.copytree(trained, other)
    config = json.loads((other / "config.json").read_text())
    config["model"]["width"] = 5
    (other / "config.json").write_text(json.dumps(config))
    line = fail(capsys, "compare", "--model", other)
    assert "checkpoint.safetensors" in line


def test_resuming_with_other_options_lists_them(trained, capsys):
    line = fail(capsys, "train", "--resume", trained, "--training.learning-rate", "0.5")
    assert "learning_rate" in line


def test_a_resumed_run_goes_nowhere_else(trained, capsys, tmp_path):
    line = fail(capsys, "train", "--resume", trained, "--out", tmp_path / "elsewhere")
    assert "--out" in line
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("command", ["compare", "explain"])
def test_one_run_has_one_configuration_whatever_the_path_to_it(command, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(trained.parent)
    few = {"compare": ["--nodes", 1], "explain": ["--bands", 2, "--eigenpairs", 1]}[command]
    arguments = ["--out", tmp_path / "out", "--inputs", "constant=1", "--n-images", 4, *few]
    run(command, "--model", trained.name, *arguments)
    before = (tmp_path / "out" / "config.json").read_bytes()
    assert json.loads(before)["model"] == str(trained)
    run(command, "--model", trained, *arguments)
    assert (tmp_path / "out" / "config.json").read_bytes() == before


def test_a_configuration_with_a_relative_path_still_names_its_run(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(trained.parent)
    arguments = ["--out", tmp_path / "out", "--inputs", "constant=1", "--n-images", 4, "--nodes", 1]
    run("compare", "--model", trained, *arguments)
    path = tmp_path / "out" / "config.json"
    path.write_text(path.read_text().replace(str(trained), trained.name))
    run("compare", "--model", trained, *arguments)
    assert json.loads(path.read_text())["model"] == trained.name


def test_a_file_in_the_place_of_the_figures_is_told_before_any_work(trained, tmp_path, capsys):
    import shutil

    copied = shutil.copytree(trained, tmp_path / "run")
    (copied / "figures").write_text("in the way")
    line = fail(capsys, "compare", "--model", copied, "--inputs", "constant=1", "--n-images", 4)
    assert "figures is a file" in line
    assert not (copied / "comparison.csv").exists()


def test_ctrl_c_keeps_the_checkpoint_and_says_how_to_go_on(capsys, tmp_path, monkeypatch):
    from experiments.training.progress import TerminalProgress

    def interrupt(self, step, *_):
        raise KeyboardInterrupt

    monkeypatch.setattr(TerminalProgress, "__call__", interrupt)
    options = [*SMALL, *TINY, "--training.log-every", "2"]
    line = fail(capsys, "train", "--out", tmp_path / "run", *options, code=130)
    assert f"train --resume {tmp_path / 'run'}" in line
    monkeypatch.undo()
    line = fail(capsys, "compare", "--model", tmp_path / "run")
    assert "step 2 of 4" in line
    run("train", "--resume", tmp_path / "run")
    assert pd.read_csv(tmp_path / "run" / "log.csv")["step"].tolist() == [2, 4]


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from experiments.command_line import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'pandas', 'matplotlib', 'paper_figures.drawing'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_explain_says_where_the_gap_is_made(trained, tmp_path, capsys):
    arguments = ["explain", "--model", trained, "--out", tmp_path / "e", "--inputs", "china", "constant=9"]
    run(*arguments, "--n-images", 10, "--bands", 3, "--eigenpairs", 2)
    printed = capsys.readouterr().out
    assert "Where the covariance term is made" in printed
    assert "constant=9" in printed
    attribution = pd.read_csv(tmp_path / "e" / "attribution.csv")
    bands = pd.read_csv(tmp_path / "e" / "frequencies.csv")
    for name in ("china/test", "constant=9"):
        traced = attribution[attribution["input_set"] == name]["nats"].sum() / 2
        assert bands[bands["input_set"] == name]["share"].sum() == pytest.approx(traced, rel=1e-8)
    assert len(pd.read_csv(tmp_path / "e" / "spectrum.csv")) == 4
    assert set(pd.read_csv(tmp_path / "e" / "validity.csv")["input_set"]) == {"china/test", "constant=9"}
    assert len(list((tmp_path / "e" / "figures").glob("*.png"))) == 2


def test_the_expansion_point_may_be_the_mode(trained, tmp_path):
    arguments = ["--model", trained, "--inputs", "constant=128", "--n-images", 4, "--nodes", 1]
    for point in ("mean", "mode"):
        run("compare", *arguments, "--out", tmp_path / point, "--expansion-point", point)
    predicted = [
        pd.read_csv(tmp_path / point / "comparison.csv").set_index("rung")["predicted"] for point in ("mean", "mode")
    ]
    assert predicted[0]["taylor2"] != predicted[1]["taylor2"]
    measured = [pd.read_csv(tmp_path / point / "comparison.csv")["measured"].iloc[0] for point in ("mean", "mode")]
    assert measured[0] == pytest.approx(measured[1])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (["--model.levels", "4"], "divisible by 16"),
        (["--data.train-set", "china", "--data.patch-size", "7"], "divisible by 2"),
        (["--training.batch-size", "5000"], "at least one batch of 5000"),
        (
            ["--evaluation.inputs", "cifar10:contrast=0.5", "--evaluation.n-images", "1"],
            "n-images: expected a whole number from 2",
        ),
    ],
)
def test_a_refused_training_does_not_refuse_the_corrected_command(wrong, words, capsys, tmp_path):
    command = ["train", "--out", tmp_path / "run", "--data.train-set", "digits", *SMALL, *TINY]
    assert words in fail(capsys, *command, *wrong)
    run(*command)
    assert json.loads((tmp_path / "run" / "config.json").read_text())["model"]["levels"] == 1
    assert "already holds a run" in fail(capsys, *command, "--model.width", "5")
