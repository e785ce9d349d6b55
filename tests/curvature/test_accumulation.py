"""Moments of samples in one pass: any partition into batches, any offset, bounded memory."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader, TensorDataset

from curvature import Moments, accumulation
from curvature.accumulation import orthogonal_columns, symmetric_factor
from curvature.errors import DtypeError, NonFiniteError, ShapeError, TooFewSamplesError
from tests.curvature.densities import randn
from tests.curvature.moments_of_samples import assert_same, dims, quick, seeds, sizes


@quick
@given(sizes, dims, seeds)
def test_moments_of_an_array_are_numpys(n, event, seed):
    x = 5 + randn(n, *event, seed=seed)
    assert_same(Moments.from_samples(x), x)
    assert_same(Moments.from_samples(x.numpy()), x)


@quick
@given(sizes, dims.filter(len), seeds, st.data())
def test_any_partition_into_batches_gives_the_same_moments(n, event, seed, data):
    x = 5 + randn(n, *event, seed=seed)
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=6)))
    assert_same(Moments.from_samples(iter(torch.tensor_split(x, cuts))), x)


def test_a_remainder_smaller_than_an_event_is_not_lost():
    x = randn(13, 5, seed=0)
    assert_same(Moments.from_samples(x.split(4)), x)


def test_few_samples_keep_their_exact_thin_factor():
    x = randn(3, 2, 4, seed=0)
    moments = Moments.from_samples(x)
    assert moments.rank == 3
    torch.testing.assert_close(moments.factor, (x - x.mean(0)).reshape(3, 8).T / np.sqrt(3))


def test_many_samples_give_orthogonal_columns_by_falling_eigenvalue():
    x = randn(200, 6, seed=0) * torch.arange(1, 7)
    F = Moments.from_samples(x).factor
    lengths = F.square().sum(0)
    assert (lengths.diff() <= 0).all()
    torch.testing.assert_close(F.T @ F, torch.diag(lengths), rtol=0, atol=1e-12 * float(lengths[0]))


def test_constant_pixels_cost_no_column():
    x = randn(50, 5, seed=0)
    x[:, 2] = 0.3
    moments = Moments.from_samples(x)
    assert moments.rank == 4
    assert moments.variance()[2].abs() < 1e-30
    assert Moments.from_samples(torch.ones(50, 5)).rank == 0


def test_one_pass_with_large_offset_keeps_the_digits():
    x = 1e8 + randn(3000, 3, seed=0)
    shifted = (x - 1e8).numpy()
    covariance = Moments.from_samples(x.split(7)).covariance()
    np.testing.assert_allclose(covariance, np.cov(shifted, rowvar=False, bias=True), rtol=1e-6, atol=1e-7)


def test_streaming_holds_no_more_than_the_buffer(monkeypatch):
    monkeypatch.setattr(accumulation, "ROWS_PER_BLOCK", 4)
    accumulator = accumulation.MomentAccumulator()
    for batch in randn(300, 10, seed=0).split(32):
        accumulator.add(batch)
        assert accumulator.n_buffered <= 10
    assert_same(Moments(*accumulator.finish()), randn(300, 10, seed=0))


def test_samples_are_neither_changed_nor_shared():
    x = randn(4, 3, seed=0)
    before = x.clone()
    moments = Moments.from_samples(x)
    torch.testing.assert_close(x, before, rtol=0, atol=0)
    c = randn(3, seed=1)
    fixed = Moments.constant(c)
    c += 1
    assert not torch.equal(fixed.mean, c)
    assert moments.mean.dtype == torch.float64
    assert Moments.from_samples(x.float()).factor.dtype == torch.float64


def test_read_only_and_reversed_arrays_are_read_without_a_warning():
    x = randn(5, 3, seed=0).numpy()
    x.flags.writeable = False
    assert_same(Moments.from_samples(x[::-1]), torch.tensor(np.array(x)))


@pytest.mark.parametrize(
    ("samples", "error", "words"),
    [
        (torch.zeros(4, 3, dtype=torch.uint8), DtypeError, "dequantise"),
        (np.zeros((4, 3), dtype=np.int64), DtypeError, "dequantise"),
        (torch.zeros(4, 3, dtype=torch.complex64), DtypeError, "expected floats"),
        (torch.zeros(1, 3), TooFewSamplesError, "at least 2"),
        ([], TooFewSamplesError, "got 0"),
        (torch.tensor([[0.0], [float("nan")]]), NonFiniteError, "samples: 1 of 2"),
        ([torch.zeros(2, 3), torch.zeros(2, 4)], ShapeError, "expected shape"),
        (torch.tensor(1.0), ShapeError, "single number"),
        ([torch.zeros(3), torch.ones(3)], ShapeError, r"stack single events: numpy.stack\(samples\)"),
        ([{"x": torch.zeros(2, 3)}], DtypeError, r"dictionaries with 'x'; pass \(b\[KEY\] for b in loader\)"),
        ({"x": torch.zeros(2, 3)}, DtypeError, "got dict"),
        (["a.png"], DtypeError, "batches that are arrays .*, got str"),
        (TensorDataset(torch.zeros(4, 3)), DtypeError, r"DataLoader\(dataset, batch_size=256\)"),
        (3.0, DtypeError, "iterable"),
    ],
)
def test_bad_samples(samples, error, words):
    with pytest.raises(error, match=words):
        Moments.from_samples(samples)


def test_loaders_of_events_with_labels():
    x = randn(10, 2, 3, seed=0)
    loader = DataLoader(TensorDataset(x, torch.arange(10)), batch_size=4)
    assert_same(Moments.from_samples(loader), x)
    assert_same(Moments.from_samples([(x[:3], ["a"]), (x[3:], ["b"])]), x)


def test_factors():
    A = randn(5, 3, seed=0)
    torch.testing.assert_close(symmetric_factor(A @ A.T) @ symmetric_factor(A @ A.T).T, A @ A.T)
    assert symmetric_factor(A @ A.T).shape == (5, 3)
    F = orthogonal_columns(A)
    torch.testing.assert_close(F @ F.T, A @ A.T)
