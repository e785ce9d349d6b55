"""The logistic prior of NICE (Dinh et al. 2015, arXiv 1410.8516, section 3.4)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class LogisticPrior(nn.Module):
    """Independent latents with the standard logistic density, `log psi(z) = -log(1 + e^z) - log(1 + e^-z)`.

    The ceiling and the identities of docs/theory.md that need `N(0, sigma^2)` do not hold for it, so it names no
    `scale`.
    """

    log_scale: Float[Tensor, ""]

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("log_scale", torch.tensor(0.0))

    def log_prob(self, z: Float[Tensor, " B D"]) -> Float[Tensor, " B"]:
        """Return `sum_i log psi(z_i)` in nats."""
        return -(functional.softplus(z) + functional.softplus(-z)).sum(1)

    def sample(self, n: int, dim: int, generator: torch.Generator, temperature: float = 1.0) -> Float[Tensor, "n dim"]:
        """Draw `n` latents, multiplied by `temperature`, on the prior's device."""
        uniform = torch.rand(n, dim, generator=generator, device=generator.device, dtype=torch.float64)
        # Zero is drawn once in 2^53 times; its logit would be infinite.
        return temperature * uniform.clamp_min(torch.finfo(uniform.dtype).tiny).logit().to(self.log_scale)
