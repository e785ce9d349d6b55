"""Additive couplings of four libraries take the fast route; other couplings say which layer keeps them from it."""

import pytest
import torch

from curvature import Moments, expand
from curvature.errors import RouteError
from experiments.models.adapters import adapt
from tests.experiments.models.adapters.cases import CASES, DIM, data

ADDITIVE = ["zuko additive NICE", "nflows NICE", "normflows additive", "FrEIA NICE"]
BY_NAME = {case.name: case for case in CASES}


@pytest.fixture(params=ADDITIVE, scope="module")
def expansion(request):
    return expand(adapt(BY_NAME[request.param].trained()), at=data(400).mean(0))


def test_additive_couplings_are_pushed_layer_by_layer(expansion):
    p, q = Moments.from_samples(data(50)), Moments.from_samples(data(50, seed=1).square())
    trace = expansion.trace(p, versus=q)
    assert (trace.route, trace.obstacles) == ("adjoint", ())
    for route in ("hvp", "tapped", "jet", "dense"):
        assert float(trace) == pytest.approx(float(expansion.trace(p, route, versus=q)), rel=1e-9), route
    assert expansion.attribution(p).total == pytest.approx(float(expansion.trace(p, "hvp")), rel=1e-9)
    v = torch.randn(4, DIM, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(expansion.hvp(v), v @ expansion.hessian(), rtol=1e-9, atol=1e-9)


def test_lines_through_these_layers_are_those_of_log_p(expansion):
    x, d = data(5), data(5, seed=2) - 0.5
    H = [torch.func.hessian(lambda y: expansion.log_prob(y[None])[0])(each) for each in x]
    curvature = torch.stack([step @ each @ step for step, each in zip(d, H, strict=True)])
    torch.testing.assert_close(expansion.operator.along(x, d), curvature, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(expansion.operator.log_prob(x), expansion.log_prob(x))


def test_images_are_flattened_on_the_way():
    flow = BY_NAME["zuko additive NICE"].trained()
    images = data(20).reshape(20, 1, 2, 3)
    mean = images.mean(0)
    trace = expand(adapt(flow, event_shape=(1, 2, 3)), at=mean).trace(Moments.from_samples(images))
    flat = expand(adapt(flow), at=mean.flatten()).trace(Moments.from_samples(images.flatten(1)))
    assert trace.route == flat.route == "adjoint"
    assert float(trace) == pytest.approx(float(flat), rel=1e-12)


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("zuko NICE", "GeneralCouplingTransform"),
        ("nflows RealNVP", "AffineCouplingTransform"),
        ("normflows RealNVP", "AffineCoupling"),
        ("FrEIA sequence", "AllInOneBlock"),
    ],
)
def test_affine_couplings_say_what_keeps_them_from_faster_routes(name, layer):
    p = Moments.from_samples(data(50))
    e = expand(adapt(BY_NAME[name].trained()), at=p.mean)
    trace = e.trace(p)
    assert trace.route == "hvp"
    assert trace.obstacles == tuple(e.operator.refusals.values())
    told = "\n".join(trace.obstacles)
    assert f"expected additive couplings of vectors and permutations, got {layer}" in told
    assert "tapped: the gradient of log p is not -J'z / sigma^2" in told
    with pytest.raises(RouteError, match="attribution: layers of the model") as refused:
        e.attribution(p)
    assert "hvp" not in str(refused.value)


def test_a_network_that_is_no_sequence_of_known_layers_is_named():
    flow = BY_NAME["FrEIA NICE"].trained()
    flow.module_list[0].F = torch.nn.Sequential(flow.module_list[0].F, torch.nn.Softmax(1))
    with pytest.raises(RouteError, match=r"F\.1: expected linear layers and known activations .* got Softmax"):
        adapt(flow).curvature_layers()
    assert expand(adapt(flow), at=data(9).mean(0)).operator.route == "hvp"
