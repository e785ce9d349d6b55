"""A family in one file: one scale for all pixels. No package: the fixture `scaled` puts it among the families."""

from dataclasses import dataclass
from typing import Literal

import torch

from experiments.models.config import ModelConfig
from experiments.models.flow import Flow
from experiments.models.prior import GaussianPrior
from experiments.models.registry import Family, ModelDescription


@dataclass(frozen=True)
class ScaledConfig(ModelConfig):
    """A Gaussian."""

    kind: Literal["scaled"] = "scaled"
    """Family."""
    start: float = 0.0
    """First log scale."""


class Scaled(Flow):
    is_constant_log_det = True

    def __init__(self, event_shape, config, seed):
        super().__init__(event_shape, GaussianPrior())
        self.config = config
        self.log_scale = torch.nn.Parameter(torch.tensor(config.start))

    def forward(self, x):
        return (x * self.log_scale.exp()).flatten(1), (self.dim * self.log_scale).expand(len(x))

    def inverse(self, z):
        return (z * (-self.log_scale).exp()).reshape(-1, *self.event_shape)


def describe(config):
    return ModelDescription(f"scaled-{config.start:g}", "A Gaussian", "A Gaussian", (), "", "")


FAMILY = Family(ScaledConfig, f"{__name__}:Scaled", describe)
