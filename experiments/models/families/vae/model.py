"""A variational autoencoder whose log p is an importance-weighted bound with frozen draws: a function of x alone."""

import math
from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.representation import Representation
from experiments.models.density import DensityModel
from experiments.models.discretised_logistic import LogisticMixture, first_bias
from experiments.models.families.vae.bound import Posterior, importance_weighted_bound
from experiments.models.families.vae.config import VAEConfig
from experiments.models.families.vae.networks import Decoder, Encoder

DECODED_AT_ONCE = 256
ERROR_SETS = 8


class VAE(DensityModel):
    """Variational autoencoder (Kingma & Welling 2014, arXiv 1312.6114) with a discretised logistic mixture given z.

    `log_prob` is the importance-weighted bound with K draws that are drawn once, with the initial weights, and are the
    same for every image. So it is deterministic and twice differentiable, and an expansion differentiates exactly this
    function of a continuous image (docs/families.md, eqs. M1 and M3). It estimates a log probability from below: bits
    per dimension get no 8 bits added, and `log_prob_standard_error` says how much other draws would change it.

    Parameters
    ----------
    event_shape : tuple of int
        (C, H, W) of one image.
    config : VAEConfig
        Sizes and choices.
    seed : int
        Of the initial weights and the frozen draws; torch's global random state is left alone.
    """

    representation = Representation(cells="centre", bits=0)
    draws: Float[Tensor, "K L"]

    def __init__(self, event_shape: tuple[int, int, int], config: VAEConfig, seed: int = 0) -> None:
        super().__init__(event_shape)
        self.config = config
        self.objective_noise = config.training_draws * config.latents
        generator = torch.Generator().manual_seed(seed)
        self.encoder = Encoder(event_shape, config, generator)
        self.decoder = Decoder(event_shape, first_bias(event_shape[0], config.components), config, generator)
        self.register_buffer("draws", torch.randn(config.draws, config.latents, generator=generator))

    def log_prob(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, " B"]:
        """Return the bound on the log probability of the image's cells with the frozen draws, in nats.

        Raises
        ------
        ShapeError
            `x` is not a batch of images of the model's shape.
        DtypeError
            `x` holds integers, or floats of another precision than the model.
        """
        return self.bound(x, self.draws)

    def bound(self, x: Float[Tensor, "B C H W"], draws: Float[Tensor, "K L"]) -> Float[Tensor, " B"]:
        """Return the importance-weighted bound in nats with these standard normal draws for every image.

        Raises
        ------
        ShapeError, DtypeError
            As `log_prob`.
        """
        posterior = self.encode(x)
        blocks = draws[:, None].split(max(DECODED_AT_ONCE // max(len(x), 1), 1))
        return importance_weighted_bound(torch.cat([self._log_weights(x, posterior, block) for block in blocks]))

    def log_components(self) -> list[Callable[[Tensor], Tensor]]:
        """Return ``log w_k / K`` for every frozen draw as a function ``[B, C, H, W] -> [B]`` of the images, in nats.

        `log_prob` is the log of the sum of their exponentials (docs/theory.md, eq. 65).
        """
        return [partial(self._log_component, draw) for draw in self.draws]

    def _log_component(self, draw: Float[Tensor, " L"], x: Float[Tensor, "B C H W"]) -> Float[Tensor, " B"]:
        return self._log_weights(x, self.encode(x), draw[None, None])[0] - math.log(len(self.draws))

    @torch.no_grad()
    def log_prob_standard_error(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, " B"]:
        """Standard deviation in nats of the bound over eight independent sets of as many draws as are frozen.

        Raises
        ------
        ShapeError, DtypeError
            As `log_prob`.
        """
        generator = torch.Generator().manual_seed(0)
        sets = torch.randn(ERROR_SETS, *self.draws.shape, generator=generator, dtype=torch.float64).to(self.draws)
        return torch.stack([self.bound(x, draws) for draws in sets]).std(0)

    def training_objective(self, x: Float[Tensor, "B C H W"], noise: Float[Tensor, "B draws"]) -> Float[Tensor, " B"]:
        """Return the bound in nats with draws of its own for every image; with one draw, the evidence lower bound.

        Raises
        ------
        ShapeError, DtypeError
            As `log_prob`.
        """
        draws = noise.unflatten(1, (self.config.training_draws, self.config.latents)).movedim(1, 0)
        return importance_weighted_bound(self._log_weights(x, self.encode(x), draws))

    def encode(self, x: Float[Tensor, "B C H W"]) -> Posterior:
        """Return q(z|x).

        Raises
        ------
        ShapeError, DtypeError
            As `log_prob`.
        """
        self.require_events(x)
        posterior: Posterior = self.encoder(2 * x - 1)
        return posterior

    def decode(self, z: Float[Tensor, "B L"]) -> LogisticMixture:
        """Return the distribution of every pixel given z."""
        return LogisticMixture.of(self.decoder(z), self.event_shape[0])

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, "n C H W"]:
        """Draw `n` images; their values are centres of cells."""
        z = torch.randn(n, self.config.latents, generator=generator, device=generator.device, dtype=torch.float64)
        return self.decode(z.to(self.draws)).sample(generator)

    def _log_weights(
        self, x: Float[Tensor, "B C H W"], posterior: Posterior, draws: Float[Tensor, "K *#B L"]
    ) -> Float[Tensor, "K B"]:
        def log_likelihood(z: Float[Tensor, "K B L"]) -> Float[Tensor, "K B"]:
            images = x.expand(len(z), *x.shape).flatten(0, 1)
            return self.decode(z.flatten(0, 1)).log_mass(images).sum((1, 2)).unflatten(0, z.shape[:2])

        return posterior.log_weights(draws, log_likelihood)
