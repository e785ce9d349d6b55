"""Glow: a multi-scale flow of squeezes, 1x1 convolutions and couplings under a Gaussian prior.

With additive couplings log|det df/dx| does not depend on x (docs/theory.md, eq. 5), with affine ones it does.
"""

import torch

from curvature.closed_form.channel_mixing import Mixing
from curvature.hessian.layered.flow import LayeredFlow
from curvature.hessian.layered.layers import FactorOut, Layer
from experiments.models.bijection import Chain, Place, describe_layers
from experiments.models.families.glow.config import GlowConfig
from experiments.models.families.glow.step import FlowStep
from experiments.models.levels import require_divisible
from experiments.models.multi_scale import MultiScaleFlow
from experiments.models.prior import GaussianPrior
from experiments.models.squeeze import Squeeze


class Glow(MultiScaleFlow):
    """Multi-scale Glow (Kingma & Dhariwal 2018, arXiv 1807.03039) with a prior that shares one scale.

    Each level squeezes and runs its flow steps.

    Parameters
    ----------
    event_shape : tuple of int
        (C, H, W) of one image; H and W divisible by 2^levels.
    config : GlowConfig
        Sizes and choices.
    seed : int
        Of the initial weights; torch's global random state is left alone.

    Raises
    ------
    ShapeError
        The image's size does not suit the number of levels.
    """

    def __init__(self, event_shape: tuple[int, int, int], config: GlowConfig, seed: int = 0) -> None:
        require_divisible(event_shape, config.levels)
        generator = torch.Generator().manual_seed(seed)
        levels = []
        channels = event_shape[0]
        for _ in range(config.levels):
            channels *= 4
            steps = [FlowStep(channels, config, generator) for _ in range(config.steps)]
            levels.append(Chain([Squeeze(), *steps]))
            channels //= 2
        super().__init__(event_shape, GaussianPrior(config.learn_prior_scale), levels)
        self.config = config

    @torch.no_grad()
    def channel_mixings(self) -> list[Mixing]:
        """Return the 1x1 kernel and the actnorm scale of every flow step, in the order of evaluation."""
        return [
            Mixing(level, step, layer.convolution.kernel(), layer.actnorm.log_scale.exp())
            for level, chain in enumerate(self.chains())
            for step, layer in enumerate(chain.bijections()[1:])
            if isinstance(layer, FlowStep)
        ]

    @torch.no_grad()
    def curvature_layers(self) -> LayeredFlow:
        """Describe the flow layer by layer, with the parameters it has now, for fast exact curvature.

        Raises
        ------
        RouteError
            If a layer is neither a squeeze nor a flow step with an additive coupling of known layers; names the module.
        """
        layers: list[Layer] = []
        shapes = self.latent_shapes()
        for level, (chain, (kept, _, _)) in enumerate(zip(self.chains(), shapes, strict=True)):
            is_last = level == len(shapes) - 1
            channels = kept if is_last else 2 * kept
            for index, bijection in enumerate(chain.bijections()):
                place = Place(f"levels.{level}.layers.{index}", level, step=index - 1)
                layers += describe_layers(bijection, place, channels, "a squeeze or a flow step")
            if not is_last:
                layers.append(FactorOut(kept))
        zero = self.prior.log_scale.new_zeros(1, *self.event_shape)
        log_det = float(self(zero)[1])  # the same for every image: all layers described have a constant one
        return LayeredFlow(self.event_shape, tuple(layers), float(self.prior.scale), log_det)
