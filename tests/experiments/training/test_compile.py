"""Compiled training against eager training."""

import shutil
from dataclasses import replace

import pytest
import torch

from experiments.training.log import read_log
from experiments.training.loop import train


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("c++") is None, reason="torch.compile on the CPU needs a C++ compiler: no c++ here")
@pytest.mark.filterwarnings("ignore")  # the compiler's own
def test_compiled_training_has_the_same_loss_curve(tiny_flow, images, short, new_run):
    runs = []
    for compiled in (False, True):
        runs.append(new_run())
        train(tiny_flow(), images, replace(short, compile=compiled), runs[-1])
    torch._dynamo.reset()
    for mine, other in zip(*(read_log(run.log_path) for run in runs), strict=True):
        assert mine.bits_per_dim == pytest.approx(other.bits_per_dim, rel=1e-4)
