"""Any memory budget gives the same numbers, in blocks of another size."""

import pytest
import torch

from curvature import Moments, expand
from curvature.memory import CACHED_BYTES, MAX_COLUMNS, MAX_ROWS, ROW_COPIES, rows_within, saved_bytes
from curvature.precision import LogDensity
from tests.curvature.densities import CouplingFlow, randn


def test_any_memory_budget_gives_the_same_numbers():
    model = CouplingFlow((2, 6))
    moments = Moments.from_samples(randn(70, 2, 6, seed=0))
    small, large = (expand(model, moments.mean, memory_budget=b) for b in (1, 1e9))
    assert (small.operator.point.chunk, large.operator.point.chunk) == (1, MAX_COLUMNS)
    middle = expand(model, moments.mean, memory_budget=30_000)
    assert 1 < middle.operator.point.chunk < MAX_COLUMNS
    V = randn(70, 2, 6, seed=1)
    for e in (small, middle):
        torch.testing.assert_close(e.hvp(V), large.hvp(V), rtol=1e-12, atol=1e-13)
        torch.testing.assert_close(e.quadratic(V), large.quadratic(V), rtol=1e-12, atol=1e-13)
        torch.testing.assert_close(e.diagonal(), large.diagonal(), rtol=1e-12, atol=1e-13)
        assert float(e.trace(moments, "hvp")) == pytest.approx(float(large.trace(moments, "hvp")), rel=1e-12)
        torch.testing.assert_close(e.hessian(), large.hessian(), rtol=1e-12, atol=1e-13)


def test_saved_bytes_grow_with_the_batch_by_one_samples_share():
    density = LogDensity.of(CouplingFlow((2, 6)))
    one, two, three = (saved_bytes(density, randn(n, 2, 6, seed=0)) for n in (1, 2, 3))
    assert 0 < two - one == three - two


def test_rows_fit_the_cache_of_a_cpu_and_the_memory_budget_alone_on_a_gpu():
    cpu, cuda, row, budget = torch.device("cpu"), torch.device("cuda"), 2**16, 2**28
    assert rows_within(budget, row, cpu) == CACHED_BYTES // row
    assert rows_within(budget, row, cuda) == budget // ROW_COPIES // row
    assert rows_within(budget, 1, cuda) == MAX_ROWS
    assert rows_within(ROW_COPIES * row, row, cpu) == rows_within(ROW_COPIES * row, row, cuda) == 1
