"""The three parts of a gap in worlds whose parts are known."""

import math

import pytest
import torch

from curvature import curvature_ladder, evaluate_rungs, expand, prepare_rungs
from curvature.errors import OptionError
from curvature.ladder.options import GaussianOptions
from curvature.ladder.split import split_gap
from tests.curvature.densities import CouplingFlow, Gaussian, randn, random_spd
from tests.curvature.rungs.test_gaussian import Quartic

RUNGS = ("taylor2", "gaussian")
OPTIONS = GaussianOptions(pairs=400, left_out_pairs=40)


def uniform(n, dim, seed):
    """Unit variance, kurtosis 9/5 instead of 3."""
    u = torch.rand(n, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return math.sqrt(12) * (u - 0.5)


def split_of(model, q, p, **options):
    return curvature_ladder(model, q, p, rungs=RUNGS, gaussian=OPTIONS, **options).split


def test_parts_add_up_and_are_those_of_the_rungs():
    model, q, p = CouplingFlow((2, 4)), 0.5 + 0.6 * randn(90, 2, 4, seed=3), uniform(70, 8, 4).reshape(-1, 2, 4)
    ladder = curvature_ladder(model, q, p, rungs=RUNGS, gaussian=OPTIONS)
    split, (taylor2, gaussian) = ladder.split, ladder.rungs
    assert sum(part.bits_per_dim for part in split.parts) == pytest.approx(split.measured.bits_per_dim, abs=1e-10)
    assert split.measured.bits_per_dim == pytest.approx(ladder.measured.bits_per_dim)
    assert split.second_order.bits_per_dim == pytest.approx(taylor2.bits_per_dim)
    assert split.second_order.standard_error == pytest.approx(taylor2.standard_error)
    assert split.higher_orders.bits_per_dim == pytest.approx(gaussian.bits_per_dim - taylor2.bits_per_dim)
    assert split.beyond_moments.bits_per_dim == pytest.approx(-gaussian.difference)
    assert split.beyond_moments.standard_error == pytest.approx(gaussian.difference_standard_error)


def test_a_gaussian_model_has_no_part_beyond_the_second_order_whatever_the_data():
    model = Gaussian(randn(5, seed=0), random_spd(5, seed=1))
    split = split_of(model, uniform(60, 5, 2).exp(), 2 * uniform(50, 5, 3))
    for part in split.parts[1:]:
        assert part.bits_per_dim == pytest.approx(0, abs=1e-9)
        assert part.standard_error == pytest.approx(0, abs=1e-9)
    assert abs(split.second_order.bits_per_dim) > 0.5


def test_gaussian_data_have_no_part_beyond_two_moments_whatever_the_model():
    factor = randn(4, 4, seed=0)
    split = split_of(CouplingFlow((4,)), 1.5 * randn(3000, 4, seed=1) @ factor, 0.7 * randn(3000, 4, seed=2) @ factor)
    _, higher, beyond = split.parts
    assert abs(beyond.bits_per_dim) < 3 * beyond.standard_error
    assert beyond.standard_error < 0.1 * split.measured.bits_per_dim
    assert abs(higher.bits_per_dim) > 5 * higher.standard_error, "the model is not Gaussian"


def test_the_part_beyond_two_moments_is_the_kurtosis_under_a_quartic():
    """``E x^4`` of uniform data is 9/5 and that of the Gaussian with their variance 3; log p has -1/4 of it."""
    q, constant, many = (
        uniform(3000, 3, 1),
        torch.zeros(20, 3).double(),
        GaussianOptions(pairs=4000, left_out_pairs=200),
    )
    at = torch.full((3,), 0.7).double()
    beyond = curvature_ladder(Quartic(), q, constant, at=at, rungs=RUNGS, gaussian=many).split.beyond_moments
    expected = (9 / 5 - 3) / 4 / math.log(2)
    assert abs(beyond.bits_per_dim - expected) < 3.5 * beyond.standard_error
    assert beyond.standard_error < 0.1 * abs(expected)


class InParts(Quartic):
    """``log p`` as a sum of a Gaussian part and a quartic one."""

    def log_prob_parts(self, x):
        return {"prior": -x.square().flatten(1).sum(1) / 2, "log_det": super().log_prob(x)}

    def log_prob(self, x):
        return sum(self.log_prob_parts(x).values())


def test_splits_of_the_parts_of_log_p_add_up_to_that_of_the_whole():
    q, p = 0.5 * uniform(200, 3, 1), randn(150, 3, seed=2)
    whole = expand(InParts(), torch.full((3,), 0.4).double())
    many = GaussianOptions(pairs=1500, left_out_pairs=50)

    def split_by(expansion):
        prepared = prepare_rungs(expansion, p, RUNGS, gaussian=many)
        return split_gap(evaluate_rungs(prepared, q), evaluate_rungs(prepared, p))

    found = split_by(whole)
    parts = {name: split_by(expansion) for name, expansion in whole.parts.items()}
    for field in ("second_order", "measured"):
        total = sum(getattr(part, field).bits_per_dim for part in parts.values())
        assert total == pytest.approx(getattr(found, field).bits_per_dim)
    assert parts["prior"].higher_orders.bits_per_dim == pytest.approx(0, abs=1e-9)
    total, errors = parts["log_det"].higher_orders, found.higher_orders
    assert abs(total.bits_per_dim - errors.bits_per_dim) < 3.5 * math.hypot(total.standard_error, errors.standard_error)


def test_it_is_a_frame_and_a_few_lines():
    split = split_of(CouplingFlow((4,)), randn(30, 4, seed=0), 2 * randn(30, 4, seed=1))
    frame = split.to_dataframe()
    assert list(frame.index) == ["second order", "higher orders", "beyond two moments", "measured"]
    assert list(frame.columns) == ["gap", "gap_se"]
    assert frame["gap"].iloc[:3].sum() == pytest.approx(frame["gap"].iloc[3])
    assert str(split).splitlines()[0] == str(split.second_order)


def test_without_the_rungs_there_is_none():
    x = randn(9, 4, seed=0)
    assert curvature_ladder(CouplingFlow((4,)), x, 2 * x, rungs=["gaussian"], gaussian=OPTIONS).split is None
    values = evaluate_rungs(prepare_rungs(expand(CouplingFlow((4,)), x[0]), x, ["taylor2"]), x)
    with pytest.raises(OptionError, match="needs the rungs taylor2 and gaussian"):
        split_gap(values, values)
