"""The plain models of the benchmark have the layers of ours: as many weights, and a loss that agrees in mid-range."""

import pytest
import torch

from benchmarks.mass_models import PLAIN
from benchmarks.plain_mass_models import mixture_log_mass
from experiments.models.discretised_logistic import LogisticMixture
from experiments.models.mixture_parameters import parameters_per_pixel
from experiments.models.registry import build, configuration


@pytest.mark.parametrize("kind", PLAIN)
def test_they_have_as_many_weights(kind):
    config, shape = configuration(kind), (3, 8, 8)
    plain, ours = PLAIN[kind](shape, config), build(config, shape)
    assert sum(p.numel() for p in plain.parameters()) == sum(p.numel() for p in ours.parameters())
    x, noise = torch.rand(2, *shape), torch.randn(2, ours.objective_noise)
    assert plain.training_objective(x, noise).shape == ours.training_objective(x, noise).shape == (2,)


def test_their_loss_is_that_of_discretised_logistics():
    """Where no tail reaches the edges, both normalisations are the same; cells are 2/255 wide there, and ours 2/256."""
    generator = torch.Generator().manual_seed(0)
    parameters = torch.zeros(1, 2 * parameters_per_pixel(3, 1), 4, 4)
    parameters[:, [0, 10]] = torch.randn(1, 2, 4, 4, generator=generator)
    parameters[:, [1, 2, 3, 11, 12, 13]] = 0.2 * torch.randn(1, 6, 4, 4, generator=generator)
    x = 0.5 + 0.1 * torch.rand(1, 3, 4, 4, generator=generator)
    ours = parameters.clone()
    parameters[:, [4, 5, 6, 14, 15, 16]] = -2.0
    plain = mixture_log_mass(parameters, x, 2)
    found = LogisticMixture.of(ours, 3).log_mass(x).sum((1, 2))
    torch.testing.assert_close(plain, found + 48 * torch.log(torch.tensor(256 / 255)), rtol=0.01, atol=0)
