"""The importance-weighted bound in a linear Gaussian model, whose log p is known."""

import pytest
import torch

from experiments.models.families.vae.bound import Posterior, importance_weighted_bound

DIM, LATENTS, NOISE = 5, 3, 0.6


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


class LinearGaussian:
    """x = W z + s n with orthogonal columns of W, so that the exact posterior has independent latents."""

    def __init__(self) -> None:
        basis = torch.linalg.qr(torch.randn(DIM, LATENTS, generator=seeded(), dtype=torch.float64)).Q
        self.W = basis * torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
        self.covariance = self.W @ self.W.mT + NOISE**2 * torch.eye(DIM, dtype=torch.float64)

    def samples(self, n):
        return torch.randn(n, DIM, generator=seeded(1), dtype=torch.float64) @ torch.linalg.cholesky(self.covariance).mT

    def log_prob(self, x):
        zero = torch.zeros(DIM, dtype=torch.float64)
        return torch.distributions.MultivariateNormal(zero, self.covariance).log_prob(x)

    def posterior(self, x, shift=0.0, widening=0.0):
        precision = 1 + self.W.square().sum(0) / NOISE**2
        mean = x @ self.W / NOISE**2 / precision
        return Posterior(mean + shift, (widening - precision.log() / 2).expand_as(mean))

    def bound(self, x, draws, **wrong):
        def log_likelihood(z):
            noise = torch.tensor(NOISE, dtype=torch.float64)
            return torch.distributions.Normal(z @ self.W.mT, noise).log_prob(x).sum(-1)

        return importance_weighted_bound(self.posterior(x, **wrong).log_weights(draws, log_likelihood))


@pytest.fixture(scope="module")
def model():
    return LinearGaussian()


@pytest.mark.parametrize("count", [1, 3])
def test_with_the_exact_posterior_the_bound_is_log_p_for_every_draw(model, count):
    x = model.samples(6)
    draws = torch.randn(count, 6, LATENTS, generator=seeded(2), dtype=torch.float64)
    torch.testing.assert_close(model.bound(x, draws), model.log_prob(x))


def test_the_bound_rises_with_the_draws_towards_log_p(model):
    x, counts = model.samples(1).expand(6000, DIM), (1, 2, 4, 16, 128)
    exact = float(model.log_prob(x[:1]))
    means, errors = [], []
    for count in counts:
        draws = torch.randn(count, len(x), LATENTS, generator=seeded(3), dtype=torch.float64)
        values = model.bound(x, draws, shift=0.25, widening=0.4)
        means.append(float(values.mean()))
        errors.append(float(values.std()) / len(x) ** 0.5)
    for (low, low_error), (high, high_error) in zip(
        zip(means, errors, strict=True), list(zip(means, errors, strict=True))[1:], strict=False
    ):
        assert high - low > 3 * (low_error**2 + high_error**2) ** 0.5
    assert all(mean < exact + 3 * error for mean, error in zip(means, errors, strict=True))
    assert means[0] < exact - 0.3
    assert means[-1] > exact - 0.02


def test_one_draw_gives_the_evidence_lower_bound(model):
    """E log w = log p(x) - KL(q || p(z|x)), with the divergence of two Gaussians."""
    x = model.samples(1)
    draws = torch.randn(1, 40_000, LATENTS, generator=seeded(4), dtype=torch.float64)
    values = model.bound(x.expand(40_000, DIM), draws, shift=0.3, widening=-0.2)
    q, p = model.posterior(x, shift=0.3, widening=-0.2), model.posterior(x)
    normals = (torch.distributions.Normal(each.mean, each.log_scale.exp()) for each in (q, p))
    divergence = torch.distributions.kl_divergence(*normals).sum()
    expected = float(model.log_prob(x)[0] - divergence)
    assert float(values.mean()) == pytest.approx(expected, abs=4 * float(values.std()) / 200)
