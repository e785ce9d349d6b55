import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader, TensorDataset

from curvature import Moments, accumulation
from curvature.accumulation import orthogonal_columns, symmetric_factor
from curvature.errors import DtypeError, NonFiniteError, OptionError, ShapeError, TooFewSamplesError
from tests.curvature.densities import randn

quick = settings(deadline=None, max_examples=25)
sizes = st.integers(2, 40)
dims = st.sampled_from([(), (3,), (2, 3), (1, 2, 2)])
seeds = st.integers(0, 10**6)


def reference(x):
    flat = x.reshape(len(x), -1).numpy()
    return flat.mean(0), np.cov(flat, rowvar=False, bias=True).reshape(flat.shape[1], flat.shape[1])


def assert_same(moments, x, rtol=1e-11):
    mean, covariance = reference(x)
    scale = np.abs(covariance).max()
    assert moments.count == len(x)
    assert moments.event_shape == tuple(x.shape[1:])
    np.testing.assert_allclose(moments.mean.reshape(-1), mean, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(moments.covariance(), covariance, rtol=rtol, atol=rtol * scale + 1e-15)
    np.testing.assert_allclose(
        moments.variance().reshape(-1), np.diag(covariance), rtol=rtol, atol=rtol * scale + 1e-15
    )
    assert moments.total_variance == pytest.approx(np.trace(covariance), rel=1e-9, abs=1e-15)


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


@quick
@given(st.lists(st.integers(2, 9), min_size=3, max_size=3), dims, seeds)
def test_merging_is_associative_and_exact(ns, event, seed):
    parts = [randn(n, *event, seed=seed + i) + i for i, n in enumerate(ns)]
    a, b, c = map(Moments.from_samples, parts)
    whole = torch.cat(parts)
    assert_same(a.merge(b).merge(c), whole)
    assert_same(a.merge(b.merge(c)), whole)
    assert a.merge(b).merge(c).rank <= max(whole[0].numel(), 1)


def test_a_remainder_smaller_than_an_event_is_not_lost():
    x = randn(13, 5, seed=0)
    assert_same(Moments.from_samples(x.split(4)), x)


def test_a_constant_merges_like_one_sample():
    x, c = randn(4, 3, seed=0), randn(3, seed=1)
    assert_same(Moments.from_samples(x).merge(Moments.constant(c)), torch.cat([x, c[None]]))


def test_merged_factors_stay_thin_below_d_columns_and_are_compressed_above():
    parts = [Moments.from_samples(randn(4, 12, seed=seed)) for seed in range(3)]
    assert parts[0].merge(parts[1]).rank == 9
    assert parts[0].merge(parts[1]).merge(parts[2]).rank <= 12
    assert_same(parts[0].merge(parts[1]), torch.cat([randn(4, 12, seed=seed) for seed in range(2)]))


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


def test_bad_moments():
    mean, factor = torch.zeros(3, dtype=torch.float64), torch.zeros(3, 2, dtype=torch.float64)
    with pytest.raises(DtypeError, match="float64"):
        Moments(mean.float(), factor, 2)
    with pytest.raises(ShapeError, match="factor"):
        Moments(mean, factor[:2], 2)
    with pytest.raises(NonFiniteError, match="mean"):
        Moments(mean + float("inf"), factor, 2)
    with pytest.raises(OptionError, match="dropped_energy"):
        Moments(mean, factor, 2, dropped_energy=1.0)
    with pytest.raises(ShapeError, match="merge"):
        Moments(mean, factor, 2).merge(Moments.constant(torch.zeros(4)))


@quick
@given(sizes, seeds, st.integers(1, 8))
def test_truncation_is_the_best_of_its_rank_and_reports_what_it_drops(n, seed, rank):
    moments = Moments.from_samples(randn(n, 6, seed=seed))
    cut = moments.truncate(rank=rank)
    values = np.linalg.eigvalsh(moments.covariance().numpy())[::-1]
    assert cut.dropped_energy == pytest.approx(values[rank:].sum() / values.sum(), abs=1e-12)
    assert cut.total_variance == pytest.approx((1 - cut.dropped_energy) * moments.total_variance)
    error = np.linalg.norm(moments.covariance() - cut.covariance(), 2)
    assert error == pytest.approx(values[rank] if rank < 6 else 0.0, abs=1e-11 * values[0])


@quick
@given(sizes, seeds, st.floats(0.05, 1))
def test_energy_takes_the_smallest_rank_that_reaches_it(n, seed, energy):
    moments = Moments.from_samples(randn(n, 6, seed=seed))
    cut = moments.truncate(energy=energy)
    assert 1 - cut.dropped_energy >= energy - 1e-12
    if cut.rank > 1:
        assert 1 - moments.truncate(rank=cut.rank - 1).dropped_energy < energy


def test_truncations_compose_and_merge_with_their_losses():
    moments = Moments.from_samples(randn(50, 6, seed=0))
    once, twice = moments.truncate(rank=2), moments.truncate(rank=4).truncate(rank=2)
    assert twice.dropped_energy == pytest.approx(once.dropped_energy)
    other = Moments.from_samples(randn(30, 6, seed=1))
    merged = once.merge(other)
    whole = moments.merge(other).total_variance
    assert merged.dropped_energy == pytest.approx(1 - merged.total_variance / whole)
    assert Moments.constant(torch.zeros(3)).truncate(rank=1).dropped_energy == 0
    assert moments.truncate(energy=1.0).rank == 6
    assert "dropped_energy" in repr(once)
    assert "dropped_energy" not in repr(moments)


@pytest.mark.parametrize("arguments", [{}, {"rank": 1, "energy": 0.5}, {"rank": 0}, {"energy": 0.0}, {"energy": 1.5}])
def test_bad_truncation(arguments):
    with pytest.raises(OptionError):
        Moments.from_samples(randn(5, 3, seed=0)).truncate(**arguments)


@quick
@given(sizes, dims, seeds, st.floats(-1, 2), st.booleans())
def test_contrast_of_moments_is_the_moments_of_contrast(n, event, seed, lam, per_pixel):
    x = randn(n, *event, seed=seed)
    m = randn(*event, seed=seed + 1) if per_pixel else 0.5
    assert_same(Moments.from_samples(x).contrast(lam, towards=m), m + lam * (x - m))


@quick
@given(sizes, seeds, st.booleans())
def test_linear_maps_of_moments_are_the_moments_of_mapped_samples(n, seed, affine):
    x, P = randn(n, 2, 3, seed=seed), randn(4, 6, seed=seed + 1)
    moments = Moments.from_samples(x)
    mapped = (x.reshape(n, 6) @ P.T).reshape(n, 2, 2)
    assert_same(moments.map_linear(P, event_shape=(2, 2)), mapped)
    assert_same(moments.map_linear(P.numpy()), mapped.reshape(n, 4))
    assert_same(moments.map_linear(lambda y: (y.flatten(1) @ P.T).reshape(-1, 2, 2) + affine), mapped + affine)
    square = randn(6, 6, seed=seed)
    assert_same(moments.map_linear(square), (x.reshape(n, 6) @ square.T).reshape(n, 2, 3))


def test_constants_map_and_move():
    c = Moments.constant(randn(2, 3, seed=0))
    assert (c.rank, c.count, c.total_variance) == (0, 1, 0)
    torch.testing.assert_close(c.map_linear(lambda y: 2 * y).mean, 2 * c.mean)
    torch.testing.assert_close(c.to("cpu").mean, c.mean)


def test_maps_that_are_not_linear_are_refused():
    moments = Moments.from_samples(randn(9, 3, seed=0))
    for bad in (torch.abs, lambda y: y.clamp(-1, 1), torch.square):
        with pytest.raises(OptionError, match="affine"):
            moments.map_linear(bad)
    with pytest.raises(DtypeError, match="float64"):
        moments.map_linear(lambda y: y.float())
    with pytest.raises(ShapeError, match="columns"):
        moments.map_linear(torch.zeros(2, 4))
    with pytest.raises(ShapeError, match="matrix"):
        moments.map_linear(torch.zeros(3))
    with pytest.raises(ShapeError, match="event_shape"):
        moments.map_linear(torch.eye(3), event_shape=(2, 2))


def test_factors():
    A = randn(5, 3, seed=0)
    torch.testing.assert_close(symmetric_factor(A @ A.T) @ symmetric_factor(A @ A.T).T, A @ A.T)
    assert symmetric_factor(A @ A.T).shape == (5, 3)
    F = orthogonal_columns(A)
    torch.testing.assert_close(F @ F.T, A @ A.T)
