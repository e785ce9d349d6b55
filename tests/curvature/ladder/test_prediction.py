"""Standard errors of rungs, of the measured gap and of their difference, against the spread over repeated data."""

import pytest
import torch

from curvature import Ladder, curvature_ladder, evaluate_rungs, expand, prepare_rungs
from tests.curvature.densities import randn
from tests.curvature.toy_flows import CouplingFlow


def flow(dim):
    """A flow that describes its layers: its rungs cost little for few samples."""
    return CouplingFlow.random((dim,), 4, torch.Generator().manual_seed(0)).eval()


def test_the_standard_error_of_the_mean_shift_is_its_spread_over_data_sets():
    expansion = expand(flow(4), torch.full((4,), 0.3, dtype=torch.float64))
    sets = (randn(50, 4, seed=seed) for seed in range(100))
    values = torch.stack(
        [evaluate_rungs(prepare_rungs(expansion, x, ["mean-shift"]), x).values["mean-shift"] for x in sets]
    )
    assert float(values.mean(1).std()) == pytest.approx(float(values.var(1).mean() / 50) ** 0.5, rel=0.2)


def test_standard_errors_are_the_spread_over_repeated_data():
    """300 repeats give each spread to 1/sqrt(600) = 4 %; heavy tails of the quartic parts double that at most."""
    D, N, M, repeats = 3, 40, 50, 300
    e = expand(flow(D), at=torch.zeros(D))
    rungs = ("diagonal", "full", "taylor2", "path-1")
    prepared = prepare_rungs(e, randn(2, D, seed=0), rungs)
    ladders = [
        Ladder.between(
            evaluate_rungs(prepared, 0.4 + 0.6 * randn(N, D, seed=2 * i)),
            evaluate_rungs(prepared, randn(M, D, seed=2 * i + 1)),
        )
        for i in range(repeats)
    ]
    for name in (*rungs, "measured"):
        found = [ladder[name] for ladder in ladders]
        for value, error in (
            ("bits_per_dim", "standard_error"),
            ("difference", "difference_standard_error"),
        ):
            spread = float(torch.tensor([getattr(r, value) for r in found], dtype=torch.float64).std())
            mean_error = sum(getattr(r, error) for r in found) / repeats
            assert mean_error == pytest.approx(spread, rel=0.16), (name, value)


def test_paired_differences_are_tighter_than_the_rungs():
    model, q, p = flow(4), 0.3 * randn(50, 4, seed=1), randn(50, 4, seed=0)
    rung = curvature_ladder(model, q, p)["path-3"]
    assert rung.difference_standard_error < rung.standard_error / 5
