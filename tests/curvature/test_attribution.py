"""The attribution of a trace sums to the trace, part by part what the formula says."""

import pytest
import torch

from curvature import expand
from curvature.moments import Moments
from tests.curvature.densities import CouplingFlow as UndescribedFlow
from tests.curvature.densities import randn
from tests.curvature.flows import random_image_flow
from tests.curvature.toy_flows import CouplingFlow


def moments_of(shape, rank):
    x = randn(rank, *shape, seed=3)
    return Moments.from_samples(x)


@pytest.mark.parametrize("activation", ["silu", "mish", "relu"])
def test_the_parts_sum_to_the_trace(activation):
    model = random_image_flow((3, 8, 8), levels=2, steps=3, activation=activation)
    p, q = moments_of((3, 8, 8), 9), moments_of((3, 8, 8), 5)
    e = expand(model, at=p.mean)
    for versus in (None, p):
        found = e.attribution(q, versus)
        assert found.total == pytest.approx(e.trace(q, versus=versus).value, rel=1e-12)
        assert found.total == pytest.approx(float(e.trace(q, "hvp", versus=versus)), rel=1e-9)
        assert found.gauss_newton == pytest.approx(e.trace(q, "jet", versus=versus).gauss_newton, rel=1e-9)
        assert found.gauss_newton + found.second_order == pytest.approx(found.total, rel=1e-12)
    places = [(share.level, share.step, share.layer) for share in found.activations]
    assert places == [(level, step, layer) for level in range(2) for step in range(3) for layer in range(2)]
    assert all(share.nats == 0 for share in found.activations) == (activation == "relu")


def test_one_coupling_by_its_formula():
    model = CouplingFlow.random((6,), 4, torch.Generator().manual_seed(0), "tanh", prior_scale=0.7).eval()
    moments = moments_of((6,), 4)
    found = expand(model, at=moments.mean).attribution(moments)
    J = model.jacobian(moments.mean[None])[0].detach()
    expected = -float((J @ moments.factor).square().sum()) / 0.7**2
    assert found.gauss_newton == pytest.approx(expected, rel=1e-12)
    (share,) = found.activations
    second = model.hessian(moments.mean[None])[0].detach() + J.T @ J / 0.7**2
    assert share.nats == pytest.approx(float((second * moments.covariance()).sum()), rel=1e-9)
    assert share.name == "level 0, step 0, layer 0"


def test_models_with_hooks_are_attributed_by_call():
    model = UndescribedFlow((6,), steps=3)
    moments = moments_of((6,), 4)
    e = expand(model, at=moments.mean)
    found = e.attribution(moments)
    assert found.route == "tapped"
    assert [share.name for share in found.activations] == ["activation"] * 3
    assert found.total == pytest.approx(float(e.trace(moments, "hvp")), rel=1e-9)


def test_the_table_reads_well():
    model = random_image_flow((1, 4, 4), levels=1, steps=1)
    moments = moments_of((1, 4, 4), 4)
    text = str(expand(model, at=moments.mean).attribution(moments))
    lines = text.splitlines()
    assert lines[0].startswith("Tr(H Sigma) = -")
    assert lines[1].startswith("Gauss-Newton")
    assert lines[2].startswith("level 0, step 0, layer 0")
    assert len(lines) == 4
    assert max(map(len, lines)) < 100
