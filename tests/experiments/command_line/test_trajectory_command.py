"""`likelihood-curvature trajectory`: tables, figure, and one line for every mistake."""

import pandas as pd
import pytest

from experiments.command_line import main

TRAIN = (
    "train --data.train-set digits --model.levels 1 --model.steps 1 --model.width 4 --training.steps 3 "
    "--training.batch-size 8 --training.warmup-steps 1 --training.device cpu "
    "--evaluation.inputs digits/train digits constant=0 --evaluation.n-images 4 --evaluation.per-decade 1"
)


def run(*arguments):
    main([str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    directory = tmp_path_factory.mktemp("runs") / "digits"
    run(*TRAIN.split(), "--out", directory)
    return directory


def test_it_prints_the_gaps_and_what_became_of_the_order(trained, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["trajectory", "--model", trained, "--out", out, "--n-images", 6, "--nodes", 1]
    run(*arguments, "--steps", 3)
    printed = capsys.readouterr().out
    for words in ("digits/test while training on digits", "constant=0 while", "Order over training on digits", "1/1"):
        assert words in printed
    assert "Tr{H Sigma} is negative for" in printed
    assert pd.read_csv(out / "trajectory.csv")["step"].unique().tolist() == [3]
    assert (out / "figures" / "training_trajectory.png").stat().st_size > 10_000
    run(*arguments)
    assert pd.read_csv(out / "trajectory.csv")["step"].unique().tolist() == [1, 3]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--steps", "2"], ["no snapshot of step 2", "1, 3"]),
        (["--inputs", "digts"], ["did you mean 'digits'"]),
        (["--nodes", "0"], ["0"]),
        (["--model", "nowhere"], ["nowhere", "does not exist"]),
    ],
)
def test_mistakes_are_one_line_and_stop_before_any_work(trained, arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = [] if "--model" in arguments else ["--model", trained]
    with pytest.raises(SystemExit) as stop:
        run("trajectory", *model, "--out", tmp_path / "out", *arguments)
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert all(word in line for word in words), line
    assert not (tmp_path / "out").exists()
