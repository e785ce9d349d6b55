"""The power of a device by NVIDIA's library, by its command, or by nobody."""

import subprocess
from types import SimpleNamespace

import pytest
import torch

from benchmarks.power import power_watts

CUDA = torch.device("cuda", 0)


@pytest.fixture
def no_library(monkeypatch):
    def missing(device):
        raise ModuleNotFoundError("pynvml does not seem to be installed")

    monkeypatch.setattr(torch.cuda, "power_draw", missing)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: SimpleNamespace(uuid="12ab"))


def test_the_cpu_has_no_sensor():
    assert power_watts(torch.device("cpu")) is None


def test_the_library_tells_milliwatts(monkeypatch):
    monkeypatch.setattr(torch.cuda, "power_draw", lambda device: 412_500)
    assert power_watts(CUDA) == 412.5


@pytest.mark.usefixtures("no_library")
def test_the_command_is_asked_for_the_same_device(monkeypatch):
    asked = []

    def run(command, **options):
        asked.append(command)
        return SimpleNamespace(stdout="301.25\n")

    monkeypatch.setattr(subprocess, "run", run)
    assert power_watts(CUDA) == 301.25
    assert asked[0][-1] == "--id=GPU-12ab"


@pytest.mark.usefixtures("no_library")
@pytest.mark.parametrize("answer", ["[N/A]", OSError("no nvidia-smi")])
def test_without_an_answer_there_is_none(monkeypatch, answer):
    def run(command, **options):
        if isinstance(answer, OSError):
            raise answer
        return SimpleNamespace(stdout=answer)

    monkeypatch.setattr(subprocess, "run", run)
    assert power_watts(CUDA) is None
