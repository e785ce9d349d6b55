"""RealNVP: a multi-scale flow of couplings on masked images, with actnorm before each, under a Gaussian prior."""

from itertools import cycle

import torch

from experiments.models.actnorm import ActNorm
from experiments.models.bijection import Bijection, Chain
from experiments.models.coupling import TRANSFORMERS, Coupling
from experiments.models.families.realnvp.config import RealNVPConfig, Stage, dilations, plan
from experiments.models.families.realnvp.masks import REGIONS
from experiments.models.families.realnvp.residual_network import residual_network
from experiments.models.multi_scale import MultiScaleFlow
from experiments.models.prior import GaussianPrior
from experiments.models.squeeze import Squeeze


class RealNVP(MultiScaleFlow):
    """RealNVP (Dinh et al. 2017, arXiv 1605.08803), with the masks of Kirichenko et al. 2020 (arXiv 2006.08545).

    Actnorm takes the place of batch normalisation, under which log p of an image would depend on its batch.

    Parameters
    ----------
    event_shape : tuple of int
        (C, H, W) of one image; H and W divisible by 2^levels.
    config : RealNVPConfig
        Masks, sizes and choices.
    seed : int
        Of the initial weights; torch's global random state is left alone.

    Raises
    ------
    ShapeError
        The image's size does not suit the number of levels.
    """

    def __init__(self, event_shape: tuple[int, int, int], config: RealNVPConfig, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        levels = [
            Chain(layer for stage in stages for layer in _layers(config, stage, generator))
            for stages in plan(config, event_shape)
        ]
        super().__init__(event_shape, GaussianPrior(config.learn_prior_scale), levels)
        self.config = config


def _layers(config: RealNVPConfig, stage: Stage, generator: torch.Generator) -> list[Bijection]:
    """The layers of one stage: a squeeze, or the couplings of its mask."""
    if stage.mask is None:
        return [Squeeze()]
    transformer, reach = TRANSFORMERS[config.coupling], dilations(config, stage)
    layers: list[Bijection] = []
    for _, region in zip(range(config.couplings), cycle(REGIONS[stage.mask](*stage.shape)), strict=False):
        outputs = region.channels_changed * transformer.numbers_per_channel
        network = residual_network(region.channels_read, config.width, outputs, reach, config.activation, generator)
        layers += [ActNorm(stage.shape[0]), Coupling(network, transformer, region)]
    return layers
