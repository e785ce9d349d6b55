"""The pretended CUDA device refuses what a real one refuses, and the toolkit's CUDA paths keep to one device on it."""

import warnings
from dataclasses import replace

import pytest
import torch

from analysis.comparison import Provenance
from analysis.inputs import parse_input_set
from benchmarks import agreement, curvature_routes, ladder, step_measurement, training_on_gpu
from benchmarks.curvature_models import SIZES, images, random_glow
from benchmarks.setting import Setting
from benchmarks.step_candidates import CANDIDATES
from curvature import expand
from experiments.study.comparison import compare_samples
from experiments.study.progress import SILENT
from experiments.study.rungs import RungSettings
from tests.pretended_cuda import pretended_cuda


@pytest.fixture
def cuda(monkeypatch):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*CUDA is not available", category=UserWarning)
        with pretended_cuda(monkeypatch) as device:
            yield device


def test_what_is_made_on_a_device_stays_there(cuda):
    x = torch.ones(3, device=cuda)
    assert x.device == (x + 1).device == x[1:].device == torch.zeros_like(x).device == x.new_zeros(2).device == cuda
    assert torch.ones(3).device.type == x.cpu().device.type == "cpu"
    assert torch.ones(3).to(x).is_cuda


def test_devices_do_not_mix(cuda):
    with pytest.raises(RuntimeError, match="same device"):
        torch.ones(3, device=cuda) + torch.ones(3)
    with pytest.raises(TypeError, match="can't convert cuda:0"):
        torch.ones(3, device=cuda).numpy()
    assert (torch.ones(3, device=cuda) * torch.tensor(2.0)).is_cuda


def test_gradients_are_where_their_tensors_are(cuda):
    x = torch.ones(3, device=cuda, requires_grad=True)
    (x * x).sum().backward()
    assert x.grad.is_cuda
    assert torch.func.grad(lambda x: (x * x).sum())(x.detach()).is_cuda


def test_routes_and_rungs(cuda):
    rows = list(agreement.double_rows(SIZES["tiny"], 6, cuda))
    assert {row["holds"] for row in rows} == {"yes"}


def test_float32(cuda):
    assert {row["holds"] for row in agreement.single_rows(SIZES["tiny"], 6, cuda)} == {"yes", None}


def test_exact_traces(cuda, monkeypatch):
    monkeypatch.setattr(curvature_routes, "ROUNDS", 1)
    plan = replace(curvature_routes.PLANS.tiny, chunks=(64,), trial_columns=4)
    differences = [row["difference"] for row in curvature_routes.table("tiny", plan, cuda)]
    assert len([each for each in differences if each is not None and each < 1e-9]) >= 7
    assert curvature_routes.peak("tiny", "adjoint", {}, cuda) == 0


def test_the_ladder(cuda):
    assert all(row["images_per_s"] > 0 for row in ladder.run(Setting(cuda, tiny=True)))


def test_training_steps(cuda, monkeypatch):
    monkeypatch.setattr(step_measurement, "SECONDS_OF_STEPS", 0.01)
    monkeypatch.setattr(step_measurement, "power_watts", lambda device: 100.0)
    eager = {name: each for name, each in CANDIDATES.items() if not each.training.compile}
    rows = list(training_on_gpu.table(cuda, training_on_gpu.TINY, eager, 60))
    assert {row["note"] for row in rows} == {None}
    assert all(row["share"] > 0 for row in rows)


def test_a_comparison_with_images_on_the_cpu(cuda):
    size = SIZES["tiny"]
    samples = {name: images(size, 6, seed) for seed, name in enumerate(("china/train", "china/test"))}
    found, expected = (
        compare_samples(
            expand(random_glow(size).to(device), at=samples["china/train"].mean(0)),
            samples,
            [parse_input_set("china/test")],
            RungSettings((1, 2)),
            Provenance("run", "model", "glow", "china", 0),
            SILENT,
        ).rows
        for device in (cuda, "cpu")
    )
    assert list(found["rung"]) == list(expected["rung"])
    for column in ("measured", "measured_se", "predicted", "predicted_se"):
        assert list(found[column]) == pytest.approx(list(expected[column]), rel=1e-9)
