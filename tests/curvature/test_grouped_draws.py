"""Draws from the moments of samples: mean and covariance in closed form, for all samples and for groups of them."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from curvature import Moments
from curvature.grouped_draws import floor_deviations, grouped_draws, groups_of
from tests.curvature.densities import randn


def chosen(x, groups):
    return x[torch.isin(groups_of(len(x)), torch.tensor(groups))]


@settings(deadline=None, max_examples=40)
@given(count=st.integers(2, 30), seed=st.integers(0, 5), data=st.data())
def test_a_draw_is_that_combination_of_the_samples_of_its_groups(count, seed, data):
    x = 3 + randn(count, 2, 2, seed=seed)
    draws = grouped_draws(x, 5, seed, like=x)
    groups = data.draw(st.lists(st.sampled_from(draws.groups), min_size=1, unique=True))
    eps = torch.randn(256, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)[:count]
    own, eps = chosen(x, groups), chosen(eps, groups)
    expected = torch.einsum("nk,nij->kij", eps, own - own.mean(0)) / len(own) ** 0.5
    torch.testing.assert_close(draws.mean(groups), own.mean(0))
    torch.testing.assert_close(draws.deviations(groups), expected)
    torch.testing.assert_close(draws.deviations(groups, 2), expected[:2])


@pytest.mark.parametrize("kind", ["normal", "signs"])
def test_the_covariance_of_the_draws_is_the_empirical_one(kind):
    x = randn(40, 3, seed=0) @ randn(3, 3, seed=1)
    draws = grouped_draws(x, 20_000, 0, like=x, kind=kind)
    found = draws.deviations(draws.groups)
    Sigma = Moments.from_samples(x).covariance()
    torch.testing.assert_close(found.T @ found / len(found), Sigma, rtol=0.05, atol=0.05 * float(Sigma.abs().max()))


def test_random_numbers_of_a_sample_do_not_depend_on_the_others():
    x = randn(400, 2, seed=0)
    few, many = (grouped_draws(y, 3, 0, like=x) for y in (x[:7], torch.cat([x[:7], 0 * x[7:]])))
    total = [each.products.sum(0) + each.weights.sum(0)[:, None] * each.centre for each in (few, many)]
    torch.testing.assert_close(*total)


@settings(deadline=None, max_examples=10)
@given(count=st.integers(2, 8), repeated=st.booleans())
def test_the_floor_has_its_variance_where_the_samples_have_none_and_only_there(count, repeated):
    x = randn(count, 8, seed=count)
    x = torch.cat([x, x[:2]])[:8] if repeated else x
    floor = floor_deviations(x, 0.25, 4000, 0, like=x)
    rows = x - x.mean(0)
    torch.testing.assert_close(floor @ rows.T, torch.zeros(4000, len(x), dtype=x.dtype), rtol=0, atol=1e-6)
    directions = 8 - int(torch.linalg.matrix_rank(rows))
    assert float(floor.square().sum(1).mean()) == pytest.approx(0.25 * directions, rel=0.1)


def test_there_is_no_floor_where_samples_vary_in_every_direction_or_none_is_wanted():
    x = randn(9, 8, seed=0)
    assert floor_deviations(x, 0.25, 3, 0, like=x) is None
    assert floor_deviations(x[:5], 0.0, 3, 0, like=x) is None


def test_the_floor_of_a_constant_is_in_all_directions():
    floor = floor_deviations(torch.ones(3, 6, dtype=torch.float64), 1.0, 4000, 0, like=torch.ones(1).double())
    torch.testing.assert_close(floor.T @ floor / 4000, torch.eye(6).double(), rtol=0, atol=0.1)
