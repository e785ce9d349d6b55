import math
from dataclasses import replace

import pytest
import torch

from curvature import Ladder, Moments, curvature_ladder, evaluate_rungs, expand, prepare_rungs
from curvature.errors import DtypeError, NonFiniteError, OptionError, ShapeError, TooFewSamplesError, UnknownNameError
from curvature.hessian.derivatives import directional_curvature
from curvature.precision import LogDensity
from tests.curvature.densities import CouplingFlow, Gaussian, Mixture, randn, random_spd

SYMMETRIC = ("diagonal", "full", "taylor2", "path-1", "path-2", "path-3")
EXACT = ("taylor2", "mean-curvature", "path-1", "path-2", "path-3", "path")


def evaluate(e, x, rungs=None, nodes=(1, 2, 3), prepared=None):
    prepared = prepared or prepare_rungs(e, x, rungs, nodes, mean_curvature_points=0)
    return evaluate_rungs(prepared, x)


def centred(x, mean):
    return x - x.mean(0) + mean


def assert_flat(ladder, names):
    for name in names:
        rung = ladder[name]
        assert rung.nats == pytest.approx(ladder.measured.nats, rel=1e-8)
        assert rung.ratio == pytest.approx(1, rel=1e-8)
        assert rung.difference == pytest.approx(0, abs=1e-8 * abs(ladder.measured.bits_per_dim))
        assert rung.sign_agrees


@pytest.mark.parametrize("event", [(), (5,), (1, 2, 3)])
def test_gaussian_ladder_is_flat(event):
    dim = math.prod(event)
    model = Gaussian(randn(*event, seed=1), random_spd(dim, seed=2))
    q, p = 0.5 + 0.6 * randn(30, *event, seed=3), randn(70, *event, seed=4)
    ladder = curvature_ladder(model.log_prob, q=q, p=p)
    assert_flat(ladder, EXACT)
    mean = model.mean
    same_mean = curvature_ladder(model.log_prob, q=centred(q, mean), p=centred(p, mean))
    assert_flat(same_mean, ("full", *EXACT))


def test_diagonal_rung_is_exact_for_independent_pixels():
    mean = randn(4, seed=1)
    q, p = (centred(s * randn(n, 4, seed=n), mean) for s, n in ((0.5, 20), (1.0, 30)))
    model = Gaussian(mean, torch.diag(torch.tensor([0.5, 1.0, 2.0, 3.0], dtype=torch.float64)))
    assert_flat(curvature_ladder(model, q=q, p=p), ("diagonal", "full", *EXACT))


def test_diagonal_rung_is_exact_for_uncorrelated_data():
    cross = torch.cat([torch.eye(4), -torch.eye(4)]).double()
    model = Gaussian(torch.zeros(4, dtype=torch.float64), random_spd(4, seed=0))
    scales = torch.tensor([0.2, 0.5, 1.0, 1.5])
    assert_flat(curvature_ladder(model, q=cross * scales, p=2 * cross), ("diagonal", "full", *EXACT))


def test_the_terms_of_taylor2_are_those_from_moments_and_sum_to_it():
    model, q, p = CouplingFlow((2, 4)), 0.2 + 0.5 * randn(30, 2, 4, seed=1), randn(40, 2, 4, seed=2)
    x0 = torch.full((2, 4), 0.1, dtype=torch.float64)
    names = ("gradient", "mean-shift", "full", "taylor2")
    ladder = curvature_ladder(model, q=q, p=p, at=x0, rungs=names)
    predicted = expand(model, x0).predict(Moments.from_samples(q), Moments.from_samples(p), method="dense")
    assert ladder["gradient"].nats == pytest.approx(predicted.gradient, rel=1e-9)
    assert ladder["mean-shift"].nats == pytest.approx(predicted.mean_shift, rel=1e-9)
    assert ladder["full"].nats == pytest.approx(predicted.covariance, rel=1e-9)
    assert sum(ladder[name].nats for name in names[:3]) == pytest.approx(ladder["taylor2"].nats, rel=1e-9)


def test_the_standard_error_of_the_mean_shift_is_its_spread_over_data_sets():
    expansion = expand(CouplingFlow((4,)), torch.full((4,), 0.3, dtype=torch.float64))
    sets = (randn(50, 4, seed=seed) for seed in range(100))
    values = torch.stack([evaluate(expansion, x, rungs=["mean-shift"]).values["mean-shift"] for x in sets])
    assert float(values.mean(1).std()) == pytest.approx(float(values.var(1).mean() / 50) ** 0.5, rel=0.2)


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


@pytest.mark.parametrize("model", [CouplingFlow((4,)).double(), Mixture(randn(3, 4, seed=0))])
def test_path_converges_to_the_measured_gap(model):
    q, p = 0.25 * randn(20, 4, seed=1) + 0.3, 0.5 * randn(30, 4, seed=2)
    nodes = (1, 2, 4, 8, 16, 32, 64)
    ladder = curvature_ladder(model, q=q, p=p, nodes=nodes)
    errors = [abs(ladder[f"path-{n}"].difference) for n in nodes]
    assert errors[-1] < 1e-9
    assert errors[-1] < 1e-3 * errors[2] < errors[0]
    with torch.no_grad():
        assert ladder.measured.nats == pytest.approx(float(model.log_prob(q).mean() - model.log_prob(p).mean()))


def test_directional_curvature_is_the_second_derivative_along_the_line():
    model = LogDensity.of(CouplingFlow((2, 3)))
    x, d = randn(7, 2, 3, seed=1), randn(7, 2, 3, seed=2)
    h = 1e-3
    with torch.no_grad():
        values = [model(x + k * h * d) for k in (-2, -1, 0, 1, 2)]
    stencil = (-values[0] + 16 * values[1] - 30 * values[2] + 16 * values[3] - values[4]) / (12 * h * h)
    torch.testing.assert_close(directional_curvature(model, x, d), stencil, rtol=1e-6, atol=1e-6)
    each = [expand(CouplingFlow((2, 3)), at=a).quadratic(b) for a, b in zip(x, d, strict=True)]
    torch.testing.assert_close(directional_curvature(model, x, d), torch.stack(each))


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


def test_swapping_the_sets_turns_every_sign():
    model, q, p = CouplingFlow((4,)), 0.4 * randn(9, 4, seed=1), randn(30, 4, seed=0)
    there, back = (curvature_ladder(model, q=a, p=b, at=torch.zeros(4), rungs=SYMMETRIC) for a, b in ((q, p), (p, q)))
    for a, b in zip((*there.rungs, there.measured), (*back.rungs, back.measured), strict=True):
        assert a.nats == pytest.approx(-b.nats)
        assert a.standard_error == pytest.approx(b.standard_error)
        assert a.difference == pytest.approx(-b.difference)
        assert a.ratio == pytest.approx(b.ratio)


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
    assert [r.name for r in curvature_ladder(model, x, x, nodes=(2, 5)).rungs] == [
        "diagonal",
        "full",
        "taylor2",
        "mean-curvature",
        "path-2",
        "path-5",
        "path",
    ]
    ladder = curvature_ladder(model, x, x, rungs=["path-7", "taylor2"])
    assert [(r.name, r.route) for r in ladder.rungs] == [
        ("path-7", "forward-over-reverse, 7 Gauss-Jacobi nodes"),
        ("taylor2", "tapped"),
    ]
    assert [r.name for r in curvature_ladder(model, x, x, rungs=[]).rungs] == []


def test_identical_sets_have_no_gap_and_no_ratio():
    x = randn(3, 4, seed=0)
    ladder = curvature_ladder(CouplingFlow((4,)), x, x)
    for rung in ladder.rungs:
        assert rung.nats == 0
        assert math.isnan(rung.ratio)
        assert rung.sign_agrees


def test_standard_errors_are_the_spread_over_repeated_data():
    """300 repeats give each spread to 1/sqrt(600) = 4 %; heavy tails of the quartic parts double that at most."""
    D, N, M, repeats = 3, 40, 50, 300
    e = expand(CouplingFlow((D,)), at=torch.zeros(D))
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
        seen = [ladder[name] for ladder in ladders]
        for value, error in (
            ("bits_per_dim", "standard_error"),
            ("difference", "difference_standard_error"),
        ):
            spread = float(torch.tensor([getattr(r, value) for r in seen], dtype=torch.float64).std())
            mean_error = sum(getattr(r, error) for r in seen) / repeats
            assert mean_error == pytest.approx(spread, rel=0.16), (name, value)


def test_paired_differences_are_tighter_than_the_rungs():
    model, q, p = CouplingFlow((4,)), 0.3 * randn(50, 4, seed=1), randn(50, 4, seed=0)
    rung = curvature_ladder(model, q, p)["path-3"]
    assert rung.difference_standard_error < rung.standard_error / 5


def test_table_and_progress():
    seen = []
    model, q, p = CouplingFlow((4,)), 0.3 * randn(5, 4, seed=1), randn(150, 4, seed=0)
    ladder = curvature_ladder(model, q, p, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(75, 155), (150, 155), (155, 155)]
    lines = str(ladder).splitlines()
    assert len(lines) == 2 + len(ladder.rungs) + 1 + len(ladder.absent)
    table = lines[1 : -len(ladder.absent)]
    assert table[-1].startswith("measured")
    assert table[-2].endswith("agrees")
    assert len({line.rindex(line.split()[-1]) for line in table[1:-1]}) == 1, "the last column is aligned"
    assert max(map(len, lines)) < 110
    with pytest.raises(KeyError):
        ladder["path-9"]


def test_the_ladder_as_a_frame_and_as_html():
    model, q, p = CouplingFlow((4,)), 0.3 * randn(5, 4, seed=1), randn(20, 4, seed=0)
    ladder = curvature_ladder(model, q, p)
    frame = ladder.to_dataframe()
    assert list(frame.index) == [*(rung.name for rung in ladder.rungs), "measured"]
    assert frame.loc["taylor2", "bits_per_dim"] == ladder["taylor2"].bits_per_dim
    assert frame.loc["path", "unexplained"] == -ladder["path"].difference
    assert list(frame.loc[["full", "path-1"], "kind"]) == ["moments", "samples"]
    html = ladder._repr_html_()
    assert html.count("<tr>") == 2 + len(ladder.rungs)
    assert "not shown: published" in html
    assert len(repr(ladder)) < 200


def test_a_wrong_sign_is_shown():
    model = CouplingFlow((4,))
    prepared = prepare_rungs(expand(model, at=torch.zeros(4)), randn(9, 4, seed=0))
    q, p = evaluate_rungs(prepared, 0.3 * randn(9, 4, seed=1)), evaluate_rungs(prepared, randn(9, 4, seed=0))
    flipped = replace(q, values={**q.values, "full": -q.values["full"] - 100})
    ladder = Ladder.between(flipped, p)
    assert not ladder["full"].sign_agrees
    assert "WRONG" in str(ladder)


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


def test_the_measured_gap_is_found_by_name_too():
    x = randn(5, 4, seed=0)
    ladder = curvature_ladder(CouplingFlow((4,)), x, 2 * x, rungs=["full"])
    assert ladder["measured"] is ladder.measured
    assert ladder.measured.difference == 0
    assert ladder.measured.ratio == 1
