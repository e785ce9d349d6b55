"""Layers: push and pull are transposes of each other and of torch's own modules; layered flows are their models."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from curvature import expand
from curvature.errors import RouteError
from curvature.hessian.dense import symmetrised
from curvature.hessian.layered.convolutions import Convolution, PixelwiseMap
from curvature.hessian.layered.flow import LayeredFlow, value
from curvature.hessian.layered.layers import Activation, AdditiveCoupling, Dense, FactorOut, Flatten, Squeeze
from curvature.hessian.layered.linearisation import Linearisation
from tests.curvature.densities import randn
from tests.curvature.flows import ACTIVATIONS, random_image_flow
from tests.curvature.toy_flows import CouplingFlow, LinearFlow, MixingFlow

SIZES = [(2, 8, 3, 1), (8, 2, 3, 1), (5, 5, 3, 1), (3, 4, 1, 0), (6, 2, 3, 0), (6, 2, 5, 2), (2, 6, 2, 1)]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(("inputs", "outputs", "size", "padding"), SIZES)
def test_convolutions_are_torchs(inputs, outputs, size, padding, dtype):
    module = nn.Conv2d(inputs, outputs, size, padding=padding).to(dtype)
    x = randn(3, inputs, 6, 7, seed=0).to(dtype)
    layer = Convolution.of(module, "name")
    tolerance = {"rtol": 1e-5, "atol": 1e-5} if dtype == torch.float32 else {}
    torch.testing.assert_close(value(layer, x), module(x), **tolerance)
    assert isinstance(layer, PixelwiseMap) == (size == 1)
    assert_transposes(layer, x, 1e-10 if dtype == torch.float64 else 1e-4)


def assert_transposes(layer, x, rel=1e-12):
    y = layer.push(x)
    g = randn(*y.shape, seed=5).to(x)
    assert float((y * g).sum()) == pytest.approx(float((x * layer.pull(g)).sum()), rel=rel, abs=rel)


@pytest.mark.parametrize(
    "layer",
    [Squeeze(), Flatten((2, 4, 4)), PixelwiseMap(randn(3, 2, seed=1)), PixelwiseMap(randn(2, 2, seed=1), None)],
    ids=lambda layer: type(layer).__name__,
)
def test_pull_is_the_transpose_of_push(layer):
    assert_transposes(layer, randn(3, 2, 4, 4, seed=0))
    assert layer.bias is None


def test_dense_layers():
    layer = Dense(randn(3, 5, seed=0), randn(3, seed=1))
    x = randn(4, 5, seed=2)
    assert_transposes(layer, x)
    torch.testing.assert_close(value(layer, x), functional.linear(x, layer.weight, layer.bias))


@pytest.mark.parametrize(
    "module",
    [
        nn.Conv2d(4, 4, 3, stride=2),
        nn.Conv2d(4, 4, 3, dilation=2),
        nn.Conv2d(4, 4, 3, groups=2),
        nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(4, 4, 3, padding=4),
        nn.Conv2d(4, 4, 2, padding="same"),
    ],
    ids=str,
)
def test_other_convolutions_are_refused_by_name(module):
    with pytest.raises(RouteError, match=r"net\.3: expected a plain convolution"):
        Convolution.of(module, "net.3")


def test_padding_by_name():
    for padding in ("same", "valid"):
        module = nn.Conv2d(3, 2, 3, padding=padding, bias=False).double()
        layer = Convolution.of(module, "name")
        assert layer.bias is None
        x = randn(2, 3, 5, 5, seed=0)
        torch.testing.assert_close(layer.push(x), module(x))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 8, 4)])
def test_layered_glow_is_the_model(activation, shape):
    model = random_image_flow(shape, levels=2, activation=activation, prior_scale=0.7)
    flow = model.curvature_layers()
    x = randn(5, *shape, seed=0)
    before = x.clone()
    torch.testing.assert_close(flow.log_prob(x), model.log_prob(x), rtol=1e-12, atol=1e-12)
    z = torch.cat([part.flatten(1) for part in flow.latents(x)], 1)
    torch.testing.assert_close(z, model(x)[0], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(x, before, rtol=0, atol=0)
    assert [a.name for a in flow.activations()][:3] == [
        f"level 0, step {s}, layer {k}" for s, k in ((0, 0), (0, 1), (1, 0))
    ]
    assert len(flow.activations()) == 2 * 2 * 2


TOYS = [
    LinearFlow.random((2, 3), torch.Generator().manual_seed(0), prior_scale=0.7),
    MixingFlow.random((3, 2, 2), 3, torch.Generator().manual_seed(1), prior_scale=1.3),
    CouplingFlow.random((7,), 5, torch.Generator().manual_seed(2), "tanh", prior_scale=0.8),
    CouplingFlow.random((1, 2, 4), 6, torch.Generator().manual_seed(3), "silu"),
    CouplingFlow.random((6,), 6, torch.Generator().manual_seed(4), "relu"),
    CouplingFlow.random((1,), 3, torch.Generator().manual_seed(5), "softplus"),
]


@pytest.mark.parametrize("model", TOYS, ids=lambda model: type(model).__name__)
def test_layered_toys_have_the_hessian_of_the_formula(model):
    model = model.eval()
    x0 = randn(*model.event_shape, seed=3)
    e = expand(model, at=x0)
    assert e.operator.route == "adjoint"
    H = (model.hessian(x0[None])[0] if isinstance(model, CouplingFlow) else model.hessian()).detach()
    torch.testing.assert_close(e.diagonal().flatten(), H.diagonal(), rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(e.hessian(), H, rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(
        e.operator.linearisation.gradient, model.gradient(x0[None])[0].detach(), rtol=1e-11, atol=1e-11
    )


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_products_diagonal_and_hessian_are_those_of_automatic_differentiation(activation):
    model = random_image_flow((1, 8, 8), activation=activation, prior_scale=0.7)
    x0 = randn(1, 8, 8, seed=0)
    fast, slow = expand(model, at=x0), expand(lambda x: model.log_prob(x), at=x0)
    assert slow.operator.route == "hvp"
    v = randn(5, 1, 8, 8, seed=1)
    before = v.clone()
    torch.testing.assert_close(fast.hvp(v), slow.hvp(v), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(fast.quadratic(v), slow.quadratic(v), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(v, before, rtol=0, atol=0)
    torch.testing.assert_close(fast.diagonal(), slow.diagonal(), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(fast.hessian(), slow.hessian(), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(fast.quadratic(v), slow.quadratic(v), rtol=1e-9, atol=1e-9)
    assert fast.quadratic(v[:0]).shape == (0,)


def test_products_are_central_differences_of_the_gradient():
    model = random_image_flow((1, 4, 4))
    x0, v, h = randn(1, 4, 4, seed=0), randn(1, 4, 4, seed=1), 1e-5
    difference = (expand(model, x0 + h * v).gradient - expand(model, x0 - h * v).gradient) / (2 * h)
    torch.testing.assert_close(expand(model, x0).hvp(v), difference, rtol=1e-6, atol=1e-6)


def test_symmetrisation_in_blocks():
    H = randn(7, 7, seed=0)
    expected = (H + H.T) / 2
    for size in (1, 3, 7, 10):
        torch.testing.assert_close(symmetrised(H.clone(), size), expected, rtol=0, atol=0)


def test_single_precision_through_the_layers():
    model = random_image_flow((1, 8, 8))
    x0, v = randn(1, 8, 8, seed=0), randn(1, 8, 8, seed=1)
    single, double = (expand(model, at=x0, dtype=dtype) for dtype in (torch.float32, torch.float64))
    assert single.operator.route == "adjoint"
    torch.testing.assert_close(single.hvp(v).double(), double.hvp(v), rtol=1e-3, atol=1e-2)


def test_networks_that_begin_and_end_with_an_activation():
    """Nothing is overwritten that is needed again."""
    W = randn(2, 2, seed=0)
    network = (Activation(nn.Tanh(), "first"), Dense(W), Activation(nn.SiLU(), "last"))
    flow = LayeredFlow((4,), (AdditiveCoupling(2, network), FactorOut(3), Dense(randn(3, 3, seed=1))), 1.0, 0.0)

    def log_prob(x):
        a, b = x[:, :2], x[:, 2:]
        y = torch.cat([a, b + functional.silu(torch.tanh(a) @ W.T)], 1)
        z = torch.cat([y[:, :3] @ flow.layers[2].weight.T, y[:, 3:]], 1)
        return -0.5 * z.square().sum(1) - 2 * math.log(2 * math.pi)

    x = randn(3, 4, seed=2)
    torch.testing.assert_close(flow.log_prob(x), log_prob(x))
    H = expand(log_prob, at=x[0]).hessian()
    torch.testing.assert_close(Linearisation.of(flow, x[0]).products(torch.eye(4, dtype=x.dtype)), H)
