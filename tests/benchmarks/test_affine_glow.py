"""The affine Glow in plain PyTorch: log-determinants against dense Jacobians, and a Gaussian at the start."""

import math

import torch
from torch.func import grad, hessian, jacrev

from benchmarks.affine_glow import PlainAffineGlow, Split, Step, gaussian


def randomised(module, seed=0):
    generator = torch.Generator().manual_seed(seed)
    module = module.double()
    for parameter in module.parameters():
        parameter.data += 0.2 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return module.requires_grad_(False)


def test_log_determinant_of_a_step():
    step, x = randomised(Step(4, 3)), torch.rand(1, 4, 2, 2, dtype=torch.float64)
    J = jacrev(lambda x: step(x)[0])(x).reshape(16, 16)
    torch.testing.assert_close(step(x)[1], torch.linalg.slogdet(J).logabsdet[None])


def test_log_density_of_what_is_split_off():
    split, x = randomised(Split(4)), torch.rand(3, 4, 2, 2, dtype=torch.float64)
    kept, log_p = split(x)
    h = split.network(x[:, :2])
    expected = torch.distributions.Normal(h[:, 0::2], h[:, 1::2].exp()).log_prob(x[:, 2:]).sum((1, 2, 3))
    assert torch.equal(kept, x[:, :2])
    torch.testing.assert_close(log_p, expected)
    torch.testing.assert_close(gaussian(x[:, 2:], h[:, 0::2], h[:, 1::2]), expected)


def test_at_the_start_it_is_a_gaussian_with_the_right_volume():
    flow = PlainAffineGlow((1, 4, 4), levels=2, steps=2, width=3).double()
    flow.initialise(torch.rand(50, 1, 4, 4, dtype=torch.float64))
    flow.requires_grad_(False)
    log_prob, x = (lambda x: flow.log_prob(x[None])[0]), torch.rand(1, 4, 4, dtype=torch.float64)
    H = hessian(log_prob)(x).reshape(16, 16)
    mode = x - torch.linalg.solve(H, grad(log_prob)(x).flatten()).reshape(x.shape)
    expected = (torch.linalg.slogdet(-H).logabsdet - 16 * math.log(2 * math.pi)) / 2
    torch.testing.assert_close(log_prob(mode), expected)
