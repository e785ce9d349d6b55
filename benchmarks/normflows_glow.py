"""normflows' additive or affine Glow at the sizes of one of ours, for comparison."""

import math
import warnings

import torch
from jaxtyping import Float
from torch import Tensor, nn

from experiments.models.config import ModelConfig


class NormflowsGlow(nn.Module):
    """Multi-scale Glow from normflows' parts, put together as in its own example, with the interface of our flows.

    From image to latents both have, in each step, actnorm, LU-parametrised 1x1 convolution and coupling with
    3x3, 1x1, 3x3 convolutions (the last starting at zero), then factor-out, and a fixed N(0, I). Where they differ:
    normflows has LeakyReLU of slope 0, that is ReLU, in place of the configured activation, and draws the first two
    convolutions of a coupling as torch does by default, with biases, where ours are He-normal. Its first batch sets the
    actnorms.

    Parameters
    ----------
    event_shape
        (C, H, W) of one image.
    config
        Of a Glow: its levels, steps, width and coupling; its activation is not used.
    seed
        Of the initial weights.
    """

    def __init__(self, event_shape: tuple[int, int, int], config: ModelConfig, seed: int = 0) -> None:
        super().__init__()
        import normflows

        self.event_shape, self.dim = event_shape, math.prod(event_shape)
        channels, height, width = event_shape
        priors, levels, merges = [], [], []
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            torch.manual_seed(seed)
            warnings.simplefilter("ignore", UserWarning)  # it uses a deprecated torch.lu
            for depth in range(config.levels, 0, -1):  # normflows counts from the latents to the image
                squeezed, is_last = channels * 2 ** (depth + 1), depth == config.levels
                blocks = [
                    normflows.flows.GlowBlock(squeezed, config.width, scale=config.coupling == "affine")
                    for _ in range(config.steps)
                ]
                levels.append([*blocks, normflows.flows.Squeeze()])
                if not is_last:
                    merges.append(normflows.flows.Merge())
                latent = (squeezed if is_last else squeezed // 2, height // 2**depth, width // 2**depth)
                priors.append(normflows.distributions.DiagGaussian(latent, trainable=False))
        self.flow = normflows.MultiscaleFlow(priors, levels, merges, class_cond=False)

    def log_prob(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, " B"]:
        """Return `log p(x)` in nats."""
        log_p: Tensor = self.flow.log_prob(x, None)
        return log_p
