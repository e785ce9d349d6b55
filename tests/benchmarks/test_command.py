"""The command finds every benchmark by its file, and refuses other names."""

from pathlib import Path

import pytest

import benchmarks
from benchmarks import __main__ as command

RESULTS = Path(benchmarks.__file__).parent / "results"


def test_every_file_with_a_function_run_is_a_benchmark():
    known = command.benchmarks()
    assert {"comparison", "curvature_routes", "ladder", "training_step"} <= set(known)
    assert not {"timing", "hardware", "row", "__main__"} & set(known)
    assert {path.stem for path in RESULTS.glob("*.json")} <= set(known)


def test_an_unknown_benchmark_is_refused_with_those_that_exist(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["benchmarks", "laddder"])
    with pytest.raises(SystemExit) as error:
        command.main()
    assert error.value.code == 2
    assert "no benchmark named laddder; known: comparison, " in capsys.readouterr().err
