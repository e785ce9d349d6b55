"""The benchmark of training on a GPU, on the CPU and with tiny models: the same code but for memory and devices."""

import math
from dataclasses import replace
from functools import partial

import pytest
import torch

from benchmarks import __main__ as command
from benchmarks import step_measurement
from benchmarks.known_devices import KNOWN_DEVICES
from benchmarks.step_candidates import CANDIDATES, REFERENCE
from benchmarks.training_on_gpu import Size, against_peaks, in_order, table
from experiments.models.registry import configuration

CPU = torch.device("cpu")
EAGER = {name: candidate for name, candidate in CANDIDATES.items() if not candidate.training.compile}
MODEL = configuration("glow", levels=1, steps=1, width=2)
TINY = {"gray": Size((1, 4, 4), MODEL, (2, 4)), "colour": Size((3, 8, 8), replace(MODEL, levels=2), (2,))}
GRAY = {"gray": TINY["gray"]}


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(step_measurement, "SECONDS_OF_STEPS", 0.01)


@pytest.mark.usefixtures("short")
def test_every_candidate_is_measured_at_every_batch_size():
    rows = list(table(CPU, TINY, EAGER, seconds=math.inf))
    assert [(row["images"], row["candidate"], row["batch"]) for row in rows] == [
        (label, name, batch) for label, size in TINY.items() for name in EAGER for batch in size.batch_sizes
    ]
    assert all(row["images_per_s"] > 0 and row["note"] is None for row in rows)
    assert all(row["speed_up"] == 1 for row in rows if row["candidate"] == REFERENCE)
    assert {row["utilisation"] for row in rows} == {row["peak_mb"] for row in rows} == {None}  # of an unknown device


def test_nothing_is_measured_once_the_time_is_up():
    rows = list(table(CPU, GRAY, EAGER, seconds=-1))
    assert {row["note"] for row in rows} == {"out of time"}
    assert {row["images_per_s"] for row in rows} == {None}


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    ("error", "note"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), "out of memory"),
        (ValueError("no kernel\nat"), "failed: no kernel"),
    ],
)
def test_a_batch_that_fails_is_noted_and_the_others_are_measured(monkeypatch, error, note):
    def training_step(model, config, device, make=step_measurement.training_step):
        if config.batch_size == 4:
            raise error
        return make(model, config, device)

    monkeypatch.setattr(step_measurement, "training_step", training_step)
    size = replace(TINY["gray"], batch_sizes=(2, 4, 8))
    rows = list(table(CPU, {"gray": size}, {REFERENCE: CANDIDATES[REFERENCE]}, seconds=math.inf))
    assert [row["note"] for row in rows] == [None, note, None]


def test_what_takes_minutes_to_compile_comes_last_but_for_the_first_size():
    order = in_order({"first": TINY["gray"], "second": TINY["gray"]}, CANDIDATES)
    compiled = [label for label, name in order if CANDIDATES[name].training.compile]
    assert order[: len(CANDIDATES)] == [("first", name) for name in CANDIDATES]
    assert compiled == ["first", "first", "second", "second"]
    assert [label for label, _ in order[-2:]] == ["second", "second"]


def test_a_speed_is_held_against_peak_and_roofline():
    from benchmarks.model_flops import StepBytes
    from benchmarks.roofline import Workload

    work, device = Workload(flops=10**9, moved=StepBytes(per_image=10**7, per_step=0)), KNOWN_DEVICES["H100"]
    row = against_peaks(1000.0, work, 8, device, CANDIDATES["ours, eager, bf16, channels_last"])
    assert row["utilisation"] == pytest.approx(1000 * 1e9 / 989.5e12)
    assert row["ceiling"] == pytest.approx(3.35e12 / 1e7)
    assert row["share"] == pytest.approx(1000 / row["ceiling"])
    assert row["limit"] == "memory"


@pytest.mark.slow
@pytest.mark.usefixtures("short")
@pytest.mark.filterwarnings("ignore")  # the compiler's own
def test_compiled_candidates_are_measured_at_the_first_batch_size(monkeypatch):
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    compiled = {
        name: replace(each, training=replace(each.training, cuda_graphs=False))
        for name, each in CANDIDATES.items()
        if each.training.compile
    }
    rows = list(table(CPU, GRAY, compiled, seconds=math.inf))
    assert [(row["batch"], row["note"]) for row in rows] == [(2, None), (2, None)]


def test_without_a_device_it_is_left_out_with_one_line(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(command, "RESULTS", tmp_path)
    monkeypatch.setattr("sys.argv", ["benchmarks", "training_on_gpu"])
    command.main()
    assert capsys.readouterr().out.strip() == "training_on_gpu: left out, needs a CUDA device; give --device cuda"
    assert not list(tmp_path.iterdir())
