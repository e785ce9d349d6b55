"""Samples as people have them: loaders with labels, two pixel scales, integers; what cannot be read is told how to."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from curvature import curvature_ladder
from curvature.errors import DtypeError, PixelRangeError, ShapeError
from tests.curvature.densities import Gaussian, randn, random_spd

RUNGS = ("taylor2",)


@pytest.fixture
def density():
    return Gaussian(torch.full((4,), 0.5, dtype=torch.float64), random_spd(4, 0))


def unit(n, seed):
    return torch.rand(n, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_ladder_reads_loaders_lists_of_batches_and_arrays(density):
    q, p = unit(10, 1), unit(12, 2)
    expected = curvature_ladder(density, q=q, p=p, rungs=RUNGS)
    loader = DataLoader(TensorDataset(p, torch.arange(12)), batch_size=5)
    ladder = curvature_ladder(density, q=[(q[:3], "label"), (q[3:], "label")], p=loader, rungs=RUNGS)
    assert ladder.measured.nats == expected.measured.nats
    assert ladder["taylor2"].nats == pytest.approx(expected["taylor2"].nats, rel=1e-12)
    assert curvature_ladder(density, q=q.numpy(), p=iter([p]), rungs=RUNGS).measured.nats == expected.measured.nats


@pytest.mark.parametrize(
    ("q", "error", "words"),
    [
        ([np.zeros(4), np.ones(4)], ShapeError, r"q: an iterable must yield batches .* numpy.stack\(samples\)"),
        (TensorDataset(unit(4, 0)), DtypeError, "q: TensorDataset yields single events; pass .*DataLoader"),
        ([], ShapeError, "q: expected samples, got an empty list"),
        ([unit(3, 0), unit(3, 0)[:, :2]], ShapeError, "q: event shape of a batch against the first batch"),
        (
            torch.zeros(5, 4, dtype=torch.uint8),
            DtypeError,
            r"x = \(x8 \+ torch.rand\(.*\)\) / 256",
        ),
        (255 * unit(5, 0), PixelRangeError, r"q ranges over \[.*\] and p over \[.*\]: not one scale; write q / 256"),
    ],
    ids=["events", "dataset", "empty", "two shapes", "bytes", "two scales"],
)
def test_samples_that_the_ladder_refuses(density, q, error, words):
    with pytest.raises(error, match=words):
        curvature_ladder(density, q=q, p=unit(6, 3), rungs=RUNGS)


def test_two_scales_either_way_round(density):
    with pytest.raises(PixelRangeError, match=r"p ranges over .*; write p / 256"):
        curvature_ladder(density, q=unit(5, 0), p=255 * unit(5, 1), rungs=RUNGS)


def test_scales_that_may_be_one_pass(density):
    curvature_ladder(density, q=unit(5, 0) - 0.5, p=255 * unit(5, 1), rungs=RUNGS)
    curvature_ladder(density, q=20 * randn(5, 4, seed=0), p=unit(5, 1), rungs=RUNGS)
    curvature_ladder(density, q=torch.zeros(5, 4), p=unit(5, 1), rungs=RUNGS)
