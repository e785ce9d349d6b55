"""The adaptive rung `path`: it ends within its tolerance of log p, or says that it did not, and what it leaves."""

import math

import pytest
import torch

from curvature import curvature_ladder
from curvature.ladder.refinement import ABSOLUTE_TOLERANCE, INTERVALS, MOST_NODES, RELATIVE_TOLERANCE
from tests.curvature.densities import CouplingFlow, Gaussian, Mixture, randn, random_spd


@pytest.mark.parametrize("model", [CouplingFlow((4,)).double(), Mixture(3 * randn(3, 4, seed=0))])
def test_it_ends_within_its_tolerance_of_the_measured_gap(model):
    q, p = 0.25 * randn(40, 4, seed=1) + 0.3, 1.5 * randn(60, 4, seed=2)
    path = (ladder := curvature_ladder(model, q=q, p=p))["path"]
    tolerance = max(RELATIVE_TOLERANCE * abs(ladder.measured.bits_per_dim), math.sqrt(2) * ABSOLUTE_TOLERANCE)
    assert abs(path.unexplained) <= tolerance
    assert path.nodes - 1 in INTERVALS
    assert f"up to {path.nodes} Clenshaw-Curtis nodes" in path.route
    assert path.converged


def test_a_gaussian_needs_no_more_than_the_first_rule():
    model = Gaussian(randn(3, seed=1), random_spd(3, seed=2))
    path = curvature_ladder(model.log_prob, q=0.5 * randn(9, 3, seed=3), p=randn(9, 3, seed=4))["path"]
    assert (path.nodes, path.converged) == (3, True)
    assert path.unexplained == pytest.approx(0, abs=1e-12)


def laplace(x):
    """Curvature is zero almost everywhere: all of log p is in the kinks."""
    return -x.abs().sum(1)


def test_kinks_converge_to_another_number_and_the_rest_is_told():
    q, p = 0.5 * randn(60, 3, seed=1), randn(80, 3, seed=2)
    ladder = curvature_ladder(laplace, q=q, p=p, at=torch.full((3,), 0.1, dtype=torch.float64), rungs=["path"])
    path = ladder["path"]
    assert path.converged
    assert path.nodes < MOST_NODES
    assert abs(path.unexplained) > 4 * path.difference_standard_error


def wiggling(x):
    """Faster than the finest rule on lines of this length."""
    return torch.cos(400 * x).sum(1)


def test_what_no_rule_resolves_is_told():
    q, p = 1 + 3 * randn(30, 2, seed=1), 1 + 3 * randn(30, 2, seed=2)
    path = (ladder := curvature_ladder(wiggling, q=q, p=p, rungs=["path"]))["path"]
    assert (path.nodes, path.converged) == (MOST_NODES, False)
    assert "did not converge" in str(ladder)


def test_two_coarse_rules_that_agree_by_chance_are_no_convergence():
    """A bump far out on the way: coarse rules see none of it."""

    def bump(x):
        return 200 * torch.exp(-200 * (x[:, 0] - 2.1).square())

    q, p = torch.full((20, 1), 2.1, dtype=torch.float64) + 0.001 * randn(20, 1, seed=0), 0.001 * randn(20, 1, seed=1)
    ladder = curvature_ladder(bump, q=q, p=p, at=torch.zeros(1), rungs=["path"])
    assert ladder["path"].nats == pytest.approx(ladder.measured.nats, rel=2 * RELATIVE_TOLERANCE)
    assert ladder["path"].nodes > 9


def test_it_takes_curvature_at_no_point_twice():
    seen = []

    def counting(x):
        seen.append(len(x))
        return Mixture(3 * torch.eye(2, dtype=torch.float64)).log_prob(x)

    q, p = 2 * randn(16, 2, seed=1), 2 * randn(16, 2, seed=2)
    curvature_ladder(counting, q=q, p=p, rungs=["full"])
    without = sum(seen)
    seen.clear()
    nodes = curvature_ladder(counting, q=q, p=p, rungs=["full", "path"])["path"].nodes
    assert sum(seen) - without <= 32 * (MOST_NODES - 1 if nodes == MOST_NODES else 2 * nodes) + 32
