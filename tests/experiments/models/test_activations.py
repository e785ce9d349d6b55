"""Derivatives of the activations, written by hand, against automatic ones."""

import pytest
import torch

from experiments.models.activations import DERIVATIVES, make_activation


@pytest.mark.parametrize("activation", sorted(DERIVATIVES))
def test_derivatives_of_the_activations(activation):
    u = torch.linspace(-4, 4, 40, dtype=torch.float64)
    first, second = DERIVATIVES[activation]
    derivative = torch.func.grad(make_activation(activation))
    torch.testing.assert_close(first(u), torch.func.vmap(derivative)(u))
    torch.testing.assert_close(second(u), torch.func.vmap(torch.func.grad(derivative))(u))
