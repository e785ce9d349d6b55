"""`rivals` as a user meets it: what it prints, what it writes, and one clear line for a mistake."""

import pandas as pd

from tests.experiments.command_line.test_commands import SMALL, TINY, fail, run

FEW = ["--n-images", 6, "--n-reference", 90, "--neighbours", 4, "--probes", 2, "--resamples", 20]


def test_rivals_of_a_run_are_printed_and_written_there(tmp_path, capsys):
    run("train", "--out", tmp_path / "digits", "--data.train-set", "digits", *SMALL, *TINY)
    capsys.readouterr()
    run("rivals", "--model", tmp_path / "digits", "--inputs", "digits", "samples=1", *FEW)
    printed = capsys.readouterr().out
    assert "what explains log p" in printed
    assert "AUROC" in printed
    assert "samples=1" in printed
    table = pd.read_csv(tmp_path / "digits" / "rivals.csv").set_index("score")
    assert "no 8-bit images" in table.loc["png", "remark"]
    assert table.loc["gaussian", "r2"] > 0
    error = fail(capsys, "rivals", "--model", tmp_path / "digits", "--scores", "score-nrom", *FEW)
    assert "did you mean 'score-norm'" in error
    assert "neighbours" in fail(capsys, "rivals", "--model", tmp_path / "digits", "--neighbours", 2)
