"""Activations' derivatives: closed forms against two reverse passes and against the modules themselves."""

import pytest
import torch
from torch import nn

from curvature.hessian.layered.elementwise import CLOSED_FORMS, derivatives, is_elementwise, reverse_twice
from tests.curvature.densities import randn

MODULES = [
    nn.SiLU(),
    nn.Softplus(),
    nn.Softplus(beta=2.5, threshold=3),
    nn.Tanh(),
    nn.Sigmoid(),
    nn.GELU(),
    nn.GELU(approximate="tanh"),
    nn.Mish(),
    nn.ReLU(),
    nn.LeakyReLU(0.3),
    nn.ELU(),
    nn.ELU(alpha=0.7),
]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_closed_forms_are_the_derivatives(module):
    h = torch.cat([4 * randn(200, seed=0), torch.tensor([-40.0, -25.0, 25.0, 40.0], dtype=torch.float64)])
    before = h.clone()
    for found, expected in zip(derivatives(module, h), reverse_twice(module, h), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(h, before, rtol=0, atol=0)
    torch.testing.assert_close(derivatives(module, h)[0], module(h))


def test_every_closed_form_is_tested():
    assert {type(module) for module in MODULES} == set(CLOSED_FORMS)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_closed_forms_in_single_precision_return_new_tensors(module):
    h = 3 * randn(50, seed=1).float()
    for found, expected in zip(derivatives(module, h), derivatives(module, h.double()), strict=True):
        assert found.dtype == torch.float32
        assert found.data_ptr() != h.data_ptr()
        torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-5)


class Constant(nn.Module):
    def forward(self, h):
        return torch.ones_like(h)


def test_other_modules_are_differentiated_twice():
    h = randn(20, seed=0)
    s, s1, s2 = derivatives(nn.Softsign(), h)
    torch.testing.assert_close(s, h / (1 + h.abs()))
    torch.testing.assert_close(s1, (1 + h.abs()) ** -2)
    torch.testing.assert_close(s2, -2 * h.sign() * (1 + h.abs()) ** -3)
    for module, slope in ((nn.Identity(), 1.0), (Constant(), 0.0), (nn.Hardtanh(), None)):
        _, s1, s2 = derivatives(module, h)
        assert not s2.any()
        assert slope is None or bool((s1 == slope).all())


def test_elementwise_modules_are_told_from_others():
    h = randn(1, 4, 6, 6, seed=0)
    assert all(is_elementwise(module, h) for module in (*MODULES, nn.Softsign(), nn.Identity()))
    others = (nn.Softmax(1), nn.Conv2d(4, 4, 1).double(), nn.AvgPool2d(2), nn.Flatten(), nn.LayerNorm(6).double())
    assert not any(is_elementwise(module, h) for module in others)
