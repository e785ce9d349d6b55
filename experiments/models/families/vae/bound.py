"""The importance-weighted bound on log p of a latent variable model (docs/families.md, eqs. M3 and M4).

Burda, Grosse, Salakhutdinov 2016, "Importance Weighted Autoencoders" (arXiv 1509.00519), equation 8.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class Posterior(NamedTuple):
    """Gaussians q(z|x) with independent latents, one for each sample."""

    mean: Float[Tensor, "B L"]
    log_scale: Float[Tensor, "B L"]

    def log_weights(
        self, draws: Float[Tensor, "K *#B L"], log_likelihood: Callable[[Tensor], Tensor]
    ) -> Float[Tensor, "K B"]:
        """``log p(x|z) + log p(z) - log q(z|x)`` in nats at ``z = mean + scale * draws``, with the prior N(0, I).

        Parameters
        ----------
        draws
            Standard normal draws.
        log_likelihood
            ``[K, B, L] -> [K, B]``: log p(x|z) of every sample in nats.
        """
        z = self.mean + self.log_scale.exp() * draws
        prior_over_posterior = (draws.square() - z.square()).sum(-1) / 2 + self.log_scale.sum(-1)
        return log_likelihood(z) + prior_over_posterior


def importance_weighted_bound(log_weights: Float[Tensor, "K B"]) -> Float[Tensor, " B"]:
    """``log 1/K sum_k w_k`` in nats: at most log p(x) on average over the draws, and closer to it with more of them."""
    return torch.logsumexp(log_weights, 0) - math.log(len(log_weights))
