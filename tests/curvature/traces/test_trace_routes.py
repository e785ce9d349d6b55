"""All routes to ``Tr{H Sigma}`` agree, say which they are, and refuse models they do not fit, naming the module."""

import pytest
import torch

from curvature import Moments, expand
from curvature.errors import OptionError, ShapeError
from tests.curvature.densities import randn
from tests.curvature.flows import ACTIVATIONS, moments_of, random_image_flow
from tests.curvature.toy_flows import CouplingFlow

ROUTES = ("adjoint", "jet", "tapped", "hvp")


def assert_routes_agree(model, moments, routes=ROUTES):
    e = expand(model, at=moments.mean)
    traces = {route: e.trace(moments, route) for route in routes}
    for route, t in traces.items():
        assert float(t) == pytest.approx(float(traces["hvp"]), rel=1e-9)
        assert (t.route, t.num_matvecs, t.standard_error_nats) == (route, moments.rank, 0)
        if route != "hvp":
            assert t.gauss_newton == pytest.approx(traces["adjoint"].gauss_newton, rel=1e-9)
            assert t.gauss_newton < 0
    assert traces["hvp"].gauss_newton is None
    return e, traces


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_routes_agree_on_a_small_glow(activation):
    moments = moments_of((3, 8, 8), 7)
    model = random_image_flow((3, 8, 8), activation=activation, prior_scale=0.7)
    e, traces = assert_routes_agree(model, moments)
    exact = e.trace(moments)
    assert (exact.route, exact.value) == ("adjoint", traces["adjoint"].value)
    assert float(e.trace(moments, "dense")) == pytest.approx(exact.value, rel=1e-9)
    assert e.dense().trace(moments).route == "dense"
    if activation == "relu":
        assert exact.value == exact.gauss_newton


@pytest.mark.parametrize(
    ("shape", "steps", "rank"), [((1, 28, 28), 4, 40), pytest.param((3, 32, 32), 4, 16, marks=pytest.mark.slow)]
)
def test_routes_agree_on_images(shape, steps, rank):
    assert_routes_agree(random_image_flow(shape, steps=steps, width=32), moments_of(shape, rank))


def test_a_toy_flow_against_its_closed_form():
    model = CouplingFlow.random((2, 5), 6, torch.Generator().manual_seed(0), "tanh", prior_scale=0.6).eval()
    moments = moments_of((2, 5), 4)
    H = model.hessian(moments.mean[None])[0].detach()
    expected = float((H * moments.covariance()).sum())
    _, traces = assert_routes_agree(model, moments)
    assert all(float(t) == pytest.approx(expected, rel=1e-10) for t in traces.values())


@pytest.mark.parametrize("route", [*ROUTES, "dense"])
def test_a_difference_of_covariances_takes_one_pass(route):
    shape = (1, 4, 4)
    model = random_image_flow(shape)
    q, p = moments_of(shape, 5, seed=1), moments_of(shape, 6, seed=3)
    wide_q, wide_p = moments_of(shape, 16, seed=5), moments_of(shape, 13, seed=7)
    e = expand(model, at=p.mean)
    for a, b, columns in ((q, p, 11), (wide_q, wide_p, 16), (wide_q, wide_q, 0)):
        t = e.trace(a, route, versus=b)
        expected = float(e.trace(a, "hvp")) - float(e.trace(b, "hvp"))
        assert float(t) == pytest.approx(expected, rel=1e-9, abs=1e-9)
        assert route == "dense" or t.num_matvecs == columns


def test_rank_deficient_and_empty_factors():
    shape = (1, 4, 4)
    column = randn(16, 1, seed=0)
    moments = Moments(torch.zeros(shape, dtype=torch.float64), torch.cat([column, column, 0 * column], 1), count=3)
    e, traces = assert_routes_agree(random_image_flow(shape), moments)
    assert traces["hvp"].value == pytest.approx(2 * float(e.quadratic(column.reshape(shape))))
    empty = Moments.constant(torch.zeros(shape, dtype=torch.float64))
    for route in (*ROUTES, "exact", "dense"):
        assert float(e.trace(empty, route)) == 0
    assert e.attribution(empty).total == 0


def test_chunks_do_not_matter():
    shape = (1, 4, 4)
    moments = moments_of(shape, 11)
    small, large = (expand(random_image_flow(shape), at=moments.mean, memory_budget=b) for b in (1, 1e9))
    assert (small.operator.rows_at_once, small.operator.samples_at_once) == (1, 1)
    assert large.operator.rows_at_once > moments.rank
    for route in (*ROUTES, "dense"):
        assert float(small.trace(moments, route)) == pytest.approx(float(large.trace(moments, route)), rel=1e-12)


def test_single_precision():
    model, moments = random_image_flow((1, 8, 8)), moments_of((1, 8, 8), 5)
    single, double = (expand(model, at=moments.mean, dtype=dtype) for dtype in (torch.float32, torch.float64))
    for route in ROUTES:
        assert float(single.trace(moments, route)) == pytest.approx(float(double.trace(moments)), rel=1e-4)


def test_bad_arguments():
    e = expand(random_image_flow((1, 4, 4)), at=torch.zeros(1, 4, 4))
    moments = moments_of((1, 4, 4), 3)
    with pytest.raises(ShapeError, match="versus"):
        e.trace(moments, versus=moments_of((4, 4), 3))
    with pytest.raises(ShapeError, match="moments"):
        e.attribution(moments_of((4, 4), 3))
    with pytest.raises(OptionError, match="deflated"):
        e.trace(moments, "adjoint", num_matvecs=3)
    with pytest.raises(OptionError, match="difference"):
        e.trace(moments, "hutchinson", versus=moments, num_matvecs=3, generator=0)
