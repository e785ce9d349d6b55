"""The command finds every benchmark by its file, and refuses other names."""

from pathlib import Path

import pytest
import torch

import benchmarks
from benchmarks import __main__ as command

RESULTS = Path(benchmarks.__file__).parent / "results"


def test_every_file_with_a_function_run_is_a_benchmark():
    known = command.benchmarks()
    assert {"comparison", "curvature_routes", "ladder", "training_step"} <= set(known)
    assert not {"timing", "hardware", "row", "__main__"} & set(known)
    assert {path.name.partition(".")[0] for path in RESULTS.glob("*.json")} <= set(known)


def test_an_unknown_benchmark_is_refused_with_those_that_exist(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["benchmarks", "laddder"])
    with pytest.raises(SystemExit) as error:
        command.main()
    assert error.value.code == 2
    assert "no benchmark named laddder; known: agreement, comparison, " in capsys.readouterr().err


def test_a_benchmark_of_the_cpu_alone_is_refused_on_a_gpu(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["benchmarks", "demo", "--device", "cuda"])
    with pytest.raises(SystemExit) as error:
        command.main()
    assert error.value.code == 2
    assert (
        "demo: on the CPU and in full size only; others: agreement, curvature_routes, ladder" in capsys.readouterr().err
    )


def test_results_of_a_gpu_are_kept_apart():
    assert command.results_file("ladder", torch.device("cpu")) == "ladder.json"
    assert command.results_file("ladder", torch.device("cuda")) == "ladder.cuda.json"


def test_an_interrupt_leaves_the_rows_that_there_are(capsys):
    def rows():
        yield {"n": 1.0}
        raise KeyboardInterrupt

    assert command.collected(rows()) == [{"n": 1.0}]
    assert "keeping 1 rows" in capsys.readouterr().out
