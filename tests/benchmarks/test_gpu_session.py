"""The unattended session: stages that fail, stages that are kept, and all of it on tiny sizes."""

import json
import sys

import pytest
import torch

from benchmarks import gpu_session
from benchmarks.gpu_session import RECORD, STATES, TABLES, Stage, all_stages, main, report, run_stages


def stage(name, code, limit=60.0):
    return Stage(name, (sys.executable, "-c", code), limit)


def test_what_fails_does_not_stop_the_rest_and_what_finished_is_kept(tmp_path, capsys):
    mark = tmp_path / "count"
    count = f"open({str(mark)!r}, 'a').write('x')"
    stages = [stage("bad", "raise SystemExit('no kernel')"), stage("good", count)]
    for _ in range(2):
        states = run_stages(stages, tmp_path, 60)
    assert [(name, states[name]["finished"], states[name]["exit_code"]) for name in states] == [
        ("bad", False, 1),
        ("good", True, 0),
    ]
    assert states["bad"]["said"] == "no kernel"
    assert mark.read_text() == "x"
    assert "good: finished before" in capsys.readouterr().out
    assert json.loads((tmp_path / STATES).read_text()) == states


def test_no_stage_begins_after_the_time_is_up(tmp_path):
    states = run_stages([stage("late", "open('never', 'w')")], tmp_path, 0)
    assert not states["late"]["finished"]
    assert not states["late"]["in_time"]


def test_a_stage_is_told_the_time_that_is_left(tmp_path):
    timed = Stage("timed", (sys.executable, "-c", "import sys; print(sys.argv[1])", "{seconds}"), float("inf"))
    states = run_stages([timed], tmp_path, 100.5)
    assert 90 <= int(states["timed"]["said"]) <= 100


def test_every_table_is_printed_and_written(tmp_path, capsys):
    (tmp_path / "ladder.json").write_text(json.dumps({"rows": [{"model": "A784", "images_per_s": 12.5, "note": None}]}))
    report(tmp_path, "cpu", run_stages([stage("ladder", "")], tmp_path, 60))
    for text in (capsys.readouterr().out, (tmp_path / TABLES).read_text()):
        assert all(word in text for word in ("A784", "12.5", "stages", torch.__version__))
    record = json.loads((tmp_path / RECORD).read_text())
    assert record["stages"]["ladder"]["command"].endswith("-c ''")
    assert {"hardware", "environment"} <= set(record)


def test_stages_fit_the_session_with_time_for_models():
    stages = list(all_stages("cuda", gpu_session.Path("out"), tiny=False))
    assert [each.name for each in stages] == [
        "tests",
        "agreement",
        "curvature_routes",
        "ladder",
        "training_on_gpu",
        "gpu_models",
    ]
    assert sum(each.limit for each in stages[:-1]) <= 60 * gpu_session.MINUTES - 200


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--stages", "laddder", "--device", "cpu"], "no stage named laddder; known: agreement"), ([], "no CUDA device")],
)
def test_a_mistake_is_told_in_one_line(monkeypatch, capsys, arguments, message):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_a_session_on_tiny_sizes(tmp_path, capfd):
    """The benchmarks that are left out here run on tiny sizes in tests of their own."""
    stages = ("agreement", "ladder", "gpu_models")
    arguments = ["--device", "cpu", "--tiny", "--out", str(tmp_path), "--minutes", "5", "--stages", *stages]
    assert main(arguments) == 0
    printed = capfd.readouterr().out
    for words in ("trace, adjoint", "every default rung", "china/test"):
        assert words in printed
    models = json.loads((tmp_path / "gpu_models.json").read_text())["rows"]
    assert {row["note"] for row in models} == {""}
    assert (tmp_path / "models" / "models" / "china" / "weights.safetensors").is_file()
