"""What a Glow says of its layers, against the Glow itself, and the curvature that rests on it."""

import pytest
import torch
from torch import nn

from curvature import Moments, expand
from curvature.errors import RouteError
from tests.experiments.models.cases import glow, images

ACTIVATIONS = ("silu", "softplus", "tanh", "gelu", "mish", "relu")


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 8, 4)])
def test_the_described_layers_are_the_model(activation, shape):
    model = glow(shape, levels=2, activation=activation, learn_prior_scale=True).eval()
    flow, x = model.curvature_layers(), images(model, 5)
    torch.testing.assert_close(flow.log_prob(x), model.log_prob(x), rtol=1e-12, atol=1e-12)
    z = torch.cat([part.flatten(1) for part in flow.latents(x)], 1)
    torch.testing.assert_close(z, model(x)[0], rtol=1e-12, atol=1e-12)
    assert [a.name for a in flow.activations()][:3] == [
        f"level 0, step {s}, layer {k}" for s, k in ((0, 0), (0, 1), (1, 0))
    ]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_exact_route_gives_the_same_trace(activation):
    model = glow((3, 8, 8), activation=activation, learn_prior_scale=True).eval()
    moments = Moments.from_samples(images(model, 7))
    e = expand(model, at=moments.mean)
    reference = float(e.trace(moments, "hvp"))
    for route in ("exact", "adjoint", "jet", "tapped", "dense"):
        assert float(e.trace(moments, route)) == pytest.approx(reference, rel=1e-9)
    assert e.operator.route == "adjoint"


class Gate(nn.Module):
    def forward(self, h):
        return h * torch.sigmoid(h.sum(1, keepdim=True))


def test_a_network_that_cannot_be_described_is_named_and_curvature_falls_back():
    model = glow((1, 4, 4)).eval()
    model.levels[0].layers[1].coupling.network[1] = Gate().eval()
    with pytest.raises(RouteError, match=r"levels\.0\.layers\.1\.coupling\.network\.1: .*got Gate"):
        model.curvature_layers()
    moments = Moments.from_samples(images(model, 4))
    e = expand(model, at=moments.mean)
    with pytest.raises(RouteError, match="got Gate"):
        e.trace(moments, "adjoint")
    assert e.trace(moments).route == "hvp"
