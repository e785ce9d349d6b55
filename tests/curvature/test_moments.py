import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from curvature import Moments
from curvature.errors import DtypeError, NonFiniteError, OptionError, ShapeError
from tests.curvature.densities import randn
from tests.curvature.moments_of_samples import assert_same, dims, quick, seeds, sizes


@quick
@given(st.lists(st.integers(2, 9), min_size=3, max_size=3), dims, seeds)
def test_merging_is_associative_and_exact(ns, event, seed):
    parts = [randn(n, *event, seed=seed + i) + i for i, n in enumerate(ns)]
    a, b, c = map(Moments.from_samples, parts)
    whole = torch.cat(parts)
    assert_same(a.merge(b).merge(c), whole)
    assert_same(a.merge(b.merge(c)), whole)
    assert a.merge(b).merge(c).rank <= max(whole[0].numel(), 1)


def test_a_constant_merges_like_one_sample():
    x, c = randn(4, 3, seed=0), randn(3, seed=1)
    assert_same(Moments.from_samples(x).merge(Moments.constant(c)), torch.cat([x, c[None]]))


def test_merged_factors_stay_thin_below_d_columns_and_are_compressed_above():
    parts = [Moments.from_samples(randn(4, 12, seed=seed)) for seed in range(3)]
    assert parts[0].merge(parts[1]).rank == 9
    assert parts[0].merge(parts[1]).merge(parts[2]).rank <= 12
    assert_same(parts[0].merge(parts[1]), torch.cat([randn(4, 12, seed=seed) for seed in range(2)]))


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
