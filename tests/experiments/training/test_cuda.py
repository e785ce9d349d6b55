"""Training on a CUDA device: repeatable, resumable, and in full float32; compiled and graphed as eager."""

import os
from dataclasses import replace

import pytest
import torch

from experiments.training.checkpoint import read_checkpoint
from experiments.training.log import read_log
from experiments.training.loop import train

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


@pytest.fixture
def on_cuda(short):
    return replace(short, device="cuda")


@pytest.fixture
def deterministic(monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", os.environ.get("CUBLAS_WORKSPACE_CONFIG", ":4096:8"))
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


def losses(run):
    return [row.bits_per_dim for row in read_log(run.log_path)]


@pytest.mark.usefixtures("deterministic")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_same_seed_gives_the_same_bits(tiny_flow, images, on_cuda, new_run, precision):
    runs = [new_run(), new_run()]
    for run in runs:
        train(tiny_flow(), images, replace(on_cuda, precision=precision), run)
    first, second = (read_checkpoint(run.checkpoint_path).model for run in runs)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert losses(runs[0])[-1] < losses(runs[0])[0]


def test_evaluation_and_training_use_no_tf32(tiny_flow, images, on_cuda, new_run):
    torch.backends.cudnn.allow_tf32 = True
    train(tiny_flow(), images, on_cuda, new_run())
    assert not torch.backends.cudnn.allow_tf32
    assert torch.get_float32_matmul_precision() == "highest"


def test_the_trained_model_is_the_same_density_on_the_cpu(tiny_flow, images, on_cuda, new_run):
    model, x = tiny_flow(), images[:5] / 256
    train(model, images, on_cuda, new_run())
    there = model.log_prob(x.cuda())
    torch.testing.assert_close(there.cpu(), model.cpu().log_prob(x), rtol=1e-5, atol=1e-4)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the compiler's own
@pytest.mark.parametrize("cuda_graphs", [False, True])
def test_compiled_training_has_the_same_loss_curve(tiny_flow, images, on_cuda, new_run, cuda_graphs):
    runs = [new_run(), new_run()]
    train(tiny_flow(), images, on_cuda, runs[0])
    torch._dynamo.reset()
    train(tiny_flow(), images, replace(on_cuda, compile=True, cuda_graphs=cuda_graphs), runs[1])
    torch._dynamo.reset()
    assert losses(runs[1]) == pytest.approx(losses(runs[0]), rel=1e-4)
