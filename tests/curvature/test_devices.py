import pytest
import torch

from curvature import Moments, curvature_ladder, expand
from tests.curvature.densities import CouplingFlow, randn
from tests.curvature.flows import random_image_flow

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


def test_results_follow_the_model_to_its_device():
    model, q, p = CouplingFlow((2, 3)), 0.5 * randn(9, 2, 3, seed=1), randn(30, 2, 3, seed=0)
    expected, ladder = expand(model, at=p.mean(0)), curvature_ladder(model, q, p)
    model.cuda()
    moments = [Moments.from_samples(x) for x in (q, p)]
    for at, (a, b) in ((p.mean(0), moments), (p.mean(0).cuda(), [m.to("cuda") for m in moments])):
        e = expand(model.log_prob, at=at)
        assert e.hessian().device.type == e.diagonal().device.type == "cuda"
        torch.testing.assert_close(e.hessian().cpu(), expected.hessian())
        assert e.predict(a, versus=b).total == pytest.approx(expected.predict(*moments).total)
    for move in (torch.Tensor.cpu, torch.Tensor.cuda):
        on_device = curvature_ladder(model, move(q), move(p))
        for rung in (*ladder.rungs, ladder.measured):
            assert on_device[rung.name].nats == pytest.approx(rung.nats, rel=1e-9)


def test_layers_and_hooks_follow_the_model_to_its_device():
    model = random_image_flow((1, 8, 8))
    moments = Moments.from_samples(randn(9, 1, 8, 8, seed=0))
    other = moments.contrast(0.5, towards=0.5)
    here = expand(model, at=moments.mean)
    there = expand(model.cuda(), at=moments.mean)
    assert there.operator.route == "adjoint"
    for route in ("adjoint", "jet", "tapped", "hvp", "dense"):
        for versus in (None, other):
            expected = float(here.trace(moments, route, versus=versus))
            assert float(there.trace(moments, route, versus=versus)) == pytest.approx(expected, rel=1e-9)
    assert there.attribution(moments).total == pytest.approx(here.attribution(moments).total, rel=1e-9)
    torch.testing.assert_close(there.hessian().cpu(), here.hessian())
    samples = randn(5, 1, 8, 8, seed=2)
    expected = curvature_ladder(model.cpu(), samples, randn(20, 1, 8, 8, seed=3))
    found = curvature_ladder(model.cuda(), samples, randn(20, 1, 8, 8, seed=3))
    for rung in found.rungs:
        assert rung.nats == pytest.approx(expected[rung.name].nats, rel=1e-8)


def test_moments_stay_on_the_device_of_the_samples():
    x = randn(30, 2, 3, seed=0)
    here, there = Moments.from_samples(x), Moments.from_samples(x.cuda().split(7))
    assert there.merge(there.contrast(0.5, towards=0.5)).factor.device.type == "cuda"
    mapped = there.map_linear(lambda y: 2 * y).covariance().cpu()
    torch.testing.assert_close(mapped, 4 * here.covariance())
