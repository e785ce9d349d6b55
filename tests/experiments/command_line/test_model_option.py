"""Where the option `--device` puts a model."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from curvature.errors import ConfigError
from experiments.command_line.model_option import move


@pytest.fixture
def no_cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.usefixtures("no_cuda")
@pytest.mark.parametrize("device", ["cpu", "auto"])
def test_without_a_gpu_the_model_stays_on_the_cpu(device):
    trained = SimpleNamespace(name="mine", model=nn.Linear(1, 1))
    move(trained, device)
    assert trained.model.weight.device.type == "cpu"


@pytest.mark.usefixtures("no_cuda")
def test_a_gpu_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match="torch sees no CUDA device"):
        move(SimpleNamespace(name="mine", model=nn.Linear(1, 1)), "cuda")


def test_a_function_cannot_be_moved():
    with pytest.raises(ConfigError, match="--device: mine is a function, which computes where it was made"):
        move(SimpleNamespace(name="mine", model=torch.sin), "auto")


@pytest.mark.usefixtures("no_cuda")
def test_torchs_settings_stay_as_they_are_on_the_cpu():
    before = torch.backends.cudnn.allow_tf32
    move(SimpleNamespace(name="mine", model=nn.Linear(1, 1)), "auto")
    assert torch.backends.cudnn.allow_tf32 is before
