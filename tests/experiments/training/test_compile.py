"""Compiled training against eager training."""

import shutil
from dataclasses import replace

import pytest
import torch

from curvature.errors import ConfigError
from experiments.training.compiling import compiled, cpp_compiler
from experiments.training.log import read_log
from experiments.training.loop import train


@pytest.mark.slow
@pytest.mark.skipif(shutil.which(cpp_compiler()) is None, reason="torch.compile needs a C++ compiler: none here")
@pytest.mark.filterwarnings("ignore")  # the compiler's own
def test_compiled_training_has_the_same_loss_curve(tiny_flow, images, short, new_run):
    runs = []
    for is_compiled in (False, True):
        runs.append(new_run())
        train(tiny_flow(), images, replace(short, compile=is_compiled), runs[-1])
    torch._dynamo.reset()
    for mine, other in zip(*(read_log(run.log_path) for run in runs), strict=True):
        assert mine.bits_per_dim == pytest.approx(other.bits_per_dim, rel=1e-4)


def test_a_missing_compiler_is_named(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(ConfigError, match=r"needs the C\+\+ compiler no-such-compiler, which was not found"):
        compiled(abs)


@pytest.mark.parametrize(("cuda_graphs", "mode"), [(False, None), (True, "reduce-overhead")])
def test_cuda_graphs_are_a_mode_of_the_compiler(monkeypatch, cuda_graphs, mode):
    modes = []
    monkeypatch.setattr(torch, "compile", lambda function, mode: modes.append(mode) or function)
    monkeypatch.setattr(shutil, "which", lambda name: name)
    assert compiled(abs, cuda_graphs) is abs
    assert modes == [mode]
