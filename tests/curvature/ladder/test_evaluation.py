"""Rungs prepared once and evaluated on several sets, and samples that are refused."""

import math

import pytest
import torch

from curvature import Ladder, Moments, curvature_ladder, evaluate_rungs, expand, prepare_rungs
from curvature.errors import DtypeError, NonFiniteError, OptionError, ShapeError, TooFewSamplesError, UnknownNameError
from tests.curvature.densities import CouplingFlow, randn

SYMMETRIC = ("diagonal", "full", "taylor2", "path-1", "path-2", "path-3")


def evaluate(e, x, rungs=None, nodes=(1, 2, 3), prepared=None):
    prepared = prepared or prepare_rungs(e, x, rungs, nodes, mean_curvature_points=0)
    return evaluate_rungs(prepared, x)


@pytest.mark.parametrize("n", [5, 50])
def test_rungs_from_samples_are_the_formulas_from_moments(n):
    model, q, p = CouplingFlow((2, 4)), 0.2 + 0.5 * randn(n, 2, 4, seed=1), randn(40, 2, 4, seed=2)
    ladder = curvature_ladder(model, q=q.float(), p=p.numpy(), at=torch.zeros(2, 4))
    q_moments, p_moments = Moments.from_samples(q.float()), Moments.from_samples(p)
    e = expand(model, at=torch.zeros(2, 4))
    prediction = e.predict(q_moments, versus=p_moments)
    assert ladder["taylor2"].nats == pytest.approx(prediction.total, rel=1e-9)
    assert ladder["taylor2"].bits_per_dim == pytest.approx(prediction.bits_per_dim, rel=1e-9)
    assert ladder["full"].nats == pytest.approx(prediction.covariance, rel=1e-9)
    diagonal = float((e.diagonal() * (q_moments.variance() - p_moments.variance())).sum()) / 2
    assert ladder["diagonal"].nats == pytest.approx(diagonal, rel=1e-9)
    assert (ladder.dim, ladder.n_q, ladder.n_p) == (8, n, 40)


def test_one_training_set_serves_many_input_sets():
    model, p = CouplingFlow((4,)), randn(30, 4, seed=0)
    e = expand(model, at=p.mean(0))
    prepared = prepare_rungs(e, p)
    of_p = evaluate_rungs(prepared, p)
    assert (of_p.count, of_p.dim) == (30, 4)
    assert "RungValues(count=30" in repr(of_p)
    for scale in (0.3, 2.0):
        q = scale * randn(9, 4, seed=1)
        ladder = Ladder.between(evaluate_rungs(prepared, q), of_p)
        assert ladder == curvature_ladder(model, q=q, p=p)


def test_any_memory_budget_gives_the_same_ladder():
    model, q, p = CouplingFlow((2, 3)), 0.4 * randn(5, 2, 3, seed=1), randn(40, 2, 3, seed=0)
    small, large = (curvature_ladder(model, q=q, p=p, memory_budget=b, rungs=SYMMETRIC) for b in (1, 1e9))
    assert [r.route for r in small.rungs[:3]] == ["forms of unit vectors by tapped", "tapped", "tapped"]
    assert [r.route for r in large.rungs[:3]] == ["dense", "dense", "dense"]
    for a, b in zip(small.rungs, large.rungs, strict=True):
        assert a.nats == pytest.approx(b.nats, rel=1e-10)
        assert a.difference_standard_error == pytest.approx(b.difference_standard_error, rel=1e-10)


def test_rungs_are_those_asked_for():
    model, x = CouplingFlow((4,)), randn(3, 4, seed=0)
    names = [r.name for r in curvature_ladder(model, x, x, nodes=(2, 5)).rungs]
    some = ["diagonal", "full", "taylor2", "mean-curvature", "path-2", "path-5", "path"]
    assert [name for name in names if name in some] == some
    assert not {"path-1", "path-3", "gradient", "mean-shift"} & set(names)
    ladder = curvature_ladder(model, x, x, rungs=["path-7", "taylor2"])
    assert [(r.name, r.route) for r in ladder.rungs] == [
        ("path-7", "forward-over-reverse, 7 Gauss-Jacobi nodes"),
        ("taylor2", "tapped"),
    ]
    assert [r.name for r in curvature_ladder(model, x, x, rungs=[]).rungs] == []


def test_single_precision_when_asked():
    model, q, p = CouplingFlow((4,)), 0.3 * randn(9, 4, seed=1), randn(9, 4, seed=0)
    a, b = (curvature_ladder(model, q, p, dtype=t) for t in (torch.float32, torch.float64))
    assert a["path-3"].nats == pytest.approx(b["path-3"].nats, rel=1e-4)
    assert a["path-3"].nats != b["path-3"].nats


def test_bad_samples():
    model, x = CouplingFlow((4,)), randn(5, 4, seed=0)
    with pytest.raises(DtypeError, match=r"q: .*dequantise"):
        curvature_ladder(model, torch.zeros(5, 4, dtype=torch.uint8), x)
    with pytest.raises(TooFewSamplesError, match="p: expected at least 2"):
        curvature_ladder(model, x, x[:1])
    with pytest.raises(TooFewSamplesError, match="q: expected at least 2"):
        curvature_ladder(model, x[:0], x)
    with pytest.raises(NonFiniteError, match="q: 1 of 20"):
        curvature_ladder(model, torch.where(x == x.max(), math.nan, x), x)
    with pytest.raises(ShapeError, match="q: event shape"):
        curvature_ladder(model, torch.zeros(5, 3), x)
    e = expand(model, at=torch.zeros(4))
    with pytest.raises(TooFewSamplesError, match="got 0"):
        evaluate(e, torch.tensor(1.0))
    with pytest.raises(UnknownNameError, match="did you mean 'taylor2'"):
        evaluate(e, x, rungs=["taylor"])
    with pytest.raises(UnknownNameError, match="rung 'path-0'"):
        evaluate(e, x, rungs=["path-0"])
    with pytest.raises(OptionError, match="nodes: expected positive integers, got 0"):
        evaluate(e, x, nodes=[0])
    far = expand(lambda y: torch.where(y.abs().sum(1) > 100, math.nan, 1.0) * y.square().sum(1), at=torch.ones(4))
    with pytest.raises(NonFiniteError, match="measured of samples"):
        evaluate_rungs(prepare_rungs(far, x, rungs=["full"]), 1000 * x)


def test_sets_evaluated_with_different_rungs_do_not_compare():
    model, x = CouplingFlow((4,)), randn(5, 4, seed=0)
    e = expand(model, at=torch.zeros(4))
    with pytest.raises(OptionError, match="different prepared rungs"):
        Ladder.between(evaluate(e, x, rungs=["full"]), evaluate(e, x, rungs=["full"]))
