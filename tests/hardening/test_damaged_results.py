"""Results that were cut, edited or exchanged since they were written are made again, and that is said."""

import os
import re

import pandas as pd
import pytest

from analysis.paper_pairs import Pair
from curvature.errors import RunDirectoryError
from experiments.command_line import main
from experiments.paper.gaps.config import GapsConfig
from experiments.paper.gaps.measuring import measure_model
from experiments.paper.gaps.running import make_plan
from experiments.paper.reference_models.exporting import export_run
from experiments.paper.reference_models.shipped import MODELS_VARIABLE
from experiments.storage.run_directory import RunDirectory
from experiments.study import comparison, explanation
from experiments.study.configuration import ComparisonConfig, ExplanationConfig, TrajectoryConfig
from experiments.study.progress import Progress
from experiments.study.sweep.completion import is_finished
from experiments.study.sweep.job import do_job
from experiments.study.sweep.planning import plan_jobs
from experiments.study.sweep.results import collect_results
from experiments.study.trained_model import load_run
from experiments.study.trajectory import follow_training
from paper_figures.drawing import draw_figure
from paper_figures.registry import registered_figures
from tests.experiments.paper.reference_models.tiny import train_tiny
from tests.experiments.study.sweep.tiny import tiny_experiment, tiny_sweep


def cut_in_half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def change_numbers(path):
    path.write_text(re.sub(r"[1-8]", lambda digit: str(int(digit[0]) + 1), path.read_text()))


def empty(path):
    path.write_bytes(b"")


def make_binary(path):
    path.write_bytes(bytes(range(256)) * 4)


def keep_the_header(path):
    """Of a table without rows, keep the header without its last column."""
    header, _, rows = path.read_text().partition("\n")
    path.write_text((header if rows else header.rpartition(",")[0]) + "\n")


def put_a_directory(path):
    path.unlink()
    path.mkdir()


def put_a_named_pipe(path):
    path.unlink()
    os.mkfifo(path)


DAMAGES = (cut_in_half, change_numbers, empty, make_binary, keep_the_header, put_a_directory, put_a_named_pipe)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train_tiny(tmp_path_factory.mktemp("runs") / "china", "china")


def every_output_again(directory, names, measure, capsys, damages=DAMAGES):
    """Damage the files one after the other, each in another way, and all again in turn; they must come back."""
    for position, name in enumerate(names):
        path, damage = directory / name, damages[position % len(damages)]
        written = path.read_bytes()
        damage(path)
        measure()
        said = capsys.readouterr()
        assert f"{path}: " in (said.out + said.err).replace("\n", ""), damage.__name__
        assert "is made again" in (said.out + said.err).replace("\n", " ")
        assert path.read_bytes() == written, damage.__name__


SAYING = Progress(lambda *_: None, print)
INPUTS = ("flower", "constant=3")


def test_compare(run, tmp_path, capsys):
    trained, config = load_run(run.path), ComparisonConfig(INPUTS, n_images=4, nodes=(1,), mean_curvature_points=0)

    def measure():
        assert len(comparison.compare_inputs(trained, config, RunDirectory(tmp_path), SAYING))

    measure()
    every_output_again(tmp_path, ["comparison.csv"] * len(DAMAGES), measure, capsys)
    every_output_again(tmp_path, comparison.OUTPUTS, measure, capsys, DAMAGES[2:])


def test_explain(run, tmp_path, capsys):
    trained, config = load_run(run.path), ExplanationConfig(INPUTS, n_images=4, bands=2)

    def measure():
        explanation.explain(trained, config, RunDirectory(tmp_path), SAYING)

    measure()
    every_output_again(tmp_path, explanation.OUTPUTS, measure, capsys)


def test_trajectory(run, tmp_path, capsys):
    config = TrajectoryConfig(INPUTS, steps=(4,), n_images=4, nodes=(1,))

    def measure():
        assert len(follow_training(run, config, RunDirectory(tmp_path), SAYING))

    measure()
    of_the_step = ("trajectory/step-00000004.csv", "trajectory/step-00000004-hessian.csv")
    gathered = ("trajectory.csv", "trajectory_hessian.csv", "trajectory_order.csv", "trajectory.json")
    every_output_again(tmp_path, (*of_the_step, *gathered), measure, capsys)


def test_gaps(run, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "models"))
    export_run(run.path, "china", tmp_path / "models", n_images=4, progress=str)
    config = GapsConfig(n_bpd=4, n_images=4, nodes=(1,), mean_curvature_points=0)
    (job,) = make_plan([Pair("china", "flower", "none")], config, tmp_path / "work", False).jobs

    def measure():
        measure_model(job, SAYING)

    measure()
    names = sorted(str(path.relative_to(job.run.path)) for path in job.run.path.glob("*/*.csv"))
    assert {name.partition("/")[0] for name in names} == {"bpd", "ladder"}
    every_output_again(job.run.path, names[:4] + names[-3:], measure, capsys)


def test_sweep(tmp_path, capsys):
    (job,) = plan_jobs(tiny_sweep(), tmp_path, tiny_experiment)
    RunDirectory.create(job.path, job.experiment)

    def measure():
        assert not is_finished(job)
        do_job(job, SAYING)
        assert is_finished(job)
        assert len(collect_results([job]))

    measure()
    every_output_again(job.path, [*comparison.OUTPUTS, *["comparison.csv"] * 3], measure, capsys)
    for damage in DAMAGES:
        damage(job.path / "log.csv")
        measure()
        assert "log.csv: " in capsys.readouterr().out


COMMANDS = {
    "compare": ("comparison.csv", "--model RUN --inputs constant=3 --n-images 4 --nodes 1"),
    "explain": ("validity.csv", "--model RUN --inputs constant=3 --n-images 4 --bands 2"),
    "trajectory": ("trajectory.csv", "--model RUN --inputs constant=3 --n-images 4 --nodes 1 --steps 4"),
    "demo": (
        "flower/comparison.csv",
        "--model.levels 1 --model.steps 1 --model.width 4 --training.steps 2 --training.batch-size 4 --n-images 4 "
        "--training.warmup-steps 1",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_so(command, run, tmp_path, capsys):
    name, options = COMMANDS[command]

    def measure():
        main([command, "--out", str(tmp_path), *options.replace("RUN", str(run.path)).split()])

    measure()
    every_output_again(tmp_path, [name], measure, capsys)


@pytest.mark.parametrize("damage", [damage for damage in DAMAGES if damage is not change_numbers])
def test_a_figure_names_the_damaged_table_and_the_command_that_makes_it(damage, tmp_path):
    rows = {"input_set": ["a", "b"], "step": [1, 2], "bpd": [0.5, 0.25], "train_set": "c", "rung": "full"}
    for figure in registered_figures().values():
        for table in figure.reads:
            pd.DataFrame(rows).to_csv(tmp_path / table, index=False)
        damage(tmp_path / figure.reads[-1])
        with pytest.raises(RunDirectoryError, match=f"figure '{figure.name}' .*likelihood-curvature ") as told:
            draw_figure(figure.name, tmp_path)
        assert str(tmp_path / figure.reads[-1]) in str(told.value) or damage is cut_in_half
        for table in figure.reads:
            path = tmp_path / table
            path.rmdir() if path.is_dir() else path.unlink()


@pytest.mark.parametrize("damage", [cut_in_half, empty, make_binary, put_a_directory, put_a_named_pipe, os.unlink])
def test_the_evaluations_of_a_run_that_is_followed_are_named(damage, tmp_path, capsys):
    run = train_tiny(tmp_path / "run", "digits")
    damage(run.evaluations_path)
    with pytest.raises(SystemExit) as stop:
        main(["trajectory", "--model", str(run.path), "--out", str(tmp_path / "out"), "--inputs", "constant=3"])
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert str(run.evaluations_path) in line


@pytest.mark.parametrize("damage", [keep_the_header, empty, make_binary, put_a_directory, put_a_named_pipe, os.unlink])
@pytest.mark.parametrize("file", ["log.csv", "environment.json"])
def test_the_record_of_a_run_that_is_exported_is_named(damage, file, tmp_path, capsys):
    run = train_tiny(tmp_path / "run", "digits", steps=2)
    damage(run.path / file)
    with pytest.raises(SystemExit) as stop:
        main(["export", str(run.path), "model", "--out", str(tmp_path / "models"), "--n-images", "2"])
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert str(run.path / file) in line
    assert not list(tmp_path.glob("models/*"))
