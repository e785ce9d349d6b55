"""The benchmark of training on a GPU, on the CPU and with tiny models: the same code but for memory and devices."""

import math
from dataclasses import replace
from functools import partial

import pytest
import torch

from benchmarks import __main__ as command
from benchmarks import training_on_gpu
from benchmarks.training_on_gpu import CANDIDATES, REFERENCE, WORKLOADS, table
from experiments.models.registry import configuration

CPU = torch.device("cpu")
EAGER = {name: candidate for name, candidate in CANDIDATES.items() if not candidate.compile}
MODEL = configuration("glow", levels=1, steps=1, width=2)
TINY = {
    "gray": replace(WORKLOADS["1x28x28"], event_shape=(1, 4, 4), model=MODEL),
    "colour": replace(WORKLOADS["3x32x32"], event_shape=(3, 4, 4), model=replace(MODEL, levels=2)),
}


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(training_on_gpu, "SECONDS_OF_STEPS", 0.01)


@pytest.mark.usefixtures("short")
def test_every_candidate_is_measured_at_every_batch_size():
    rows = table(CPU, TINY, EAGER, (2, 4), seconds=math.inf)
    assert [(row["images"], row["candidate"], row["batch"]) for row in rows] == [
        (label, name, batch) for label in TINY for name in EAGER for batch in (2, 4)
    ]
    assert all(row["images_per_s"] > 0 and row["note"] is None for row in rows)
    assert all(row["speed_up"] == 1 for row in rows if row["candidate"] == REFERENCE)


@pytest.mark.usefixtures("short")
def test_utilisation_is_unknown_on_an_unknown_device():
    (row,) = table(CPU, {"gray": TINY["gray"]}, {REFERENCE: CANDIDATES[REFERENCE]}, (2,), seconds=math.inf)
    assert row["utilisation"] is None
    assert row["peak_mb"] is None


def test_nothing_is_measured_once_the_time_is_up():
    rows = table(CPU, {"gray": TINY["gray"]}, EAGER, (2,), seconds=-1)
    assert {row["note"] for row in rows} == {"out of time"}
    assert {row["images_per_s"] for row in rows} == {None}


@pytest.mark.usefixtures("short")
def test_a_batch_that_does_not_fit_is_noted_and_the_others_are_measured(monkeypatch):
    def training_step(model, config, device, make=training_on_gpu.training_step):
        if config.batch_size == 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return make(model, config, device)

    monkeypatch.setattr(training_on_gpu, "training_step", training_step)
    rows = table(CPU, {"gray": TINY["gray"]}, {REFERENCE: CANDIDATES[REFERENCE]}, (2, 4, 8), seconds=math.inf)
    assert [row["note"] for row in rows] == [None, "out of memory", None]


@pytest.mark.slow
@pytest.mark.usefixtures("short")
@pytest.mark.filterwarnings("ignore")  # the compiler's own
def test_all_but_the_first_batch_size_share_one_compilation(monkeypatch):
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    torch._dynamo.utils.counters.clear()
    compiled = {name: candidate for name, candidate in CANDIDATES.items() if candidate.compile}
    rows = table(CPU, {"gray": TINY["gray"]}, compiled, (2, 4, 8), seconds=math.inf)
    assert all(row["images_per_s"] > 0 for row in rows)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has what the benchmark needs")
def test_without_a_device_it_is_left_out_with_one_line(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(command, "RESULTS", tmp_path)
    monkeypatch.setattr("sys.argv", ["benchmarks", "training_on_gpu"])
    command.main()
    assert capsys.readouterr().out.strip() == "training_on_gpu: left out, torch sees no CUDA device"
    assert not list(tmp_path.iterdir())
