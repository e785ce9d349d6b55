"""One step of flow: actnorm and 1x1 convolution folded into one convolution, then a coupling."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from curvature.hessian.layered.layers import Layer, PixelwiseMap
from experiments.models.actnorm import ActNorm
from experiments.models.bijection import Bijection, Place, describe_layers
from experiments.models.coupling import build_coupling
from experiments.models.families.glow.config import GlowConfig
from experiments.models.invertible_convolution import InvertibleConvolution


class FoldedConvolution(NamedTuple):
    """Actnorm followed by the 1x1 convolution, as one affine map of a pixel's channels: `y = weight x + bias`."""

    weight: Float[Tensor, " C C"]
    bias: Float[Tensor, " C"]
    log_det: Float[Tensor, ""]
    """`log|det weight|` in nats per pixel."""


class FlowStep(Bijection):
    """Actnorm, invertible 1x1 convolution, coupling (Kingma & Dhariwal 2018, arXiv 1807.03039, figure 2a).

    The first two are evaluated as one convolution, `W (s x + b) = (W diag s) x + W b`, in the parameters' precision
    even under autocast: bfloat16 would round away the dequantisation noise, on which the likelihood depends, and spoil
    the gradient. This costs little time, because most of the work is in the coupling's network, which does run in low
    precision.
    """

    def __init__(self, channels: int, config: GlowConfig, generator: torch.Generator) -> None:
        super().__init__()
        self.actnorm = ActNorm(channels)
        self.convolution = InvertibleConvolution(channels, generator)
        self.coupling = build_coupling(config.coupling, channels, config.width, config.activation, generator)

    @property
    def is_constant_log_det(self) -> bool:
        """True if the coupling's is: the rest is linear."""
        return self.coupling.is_constant_log_det

    def folded(self) -> FoldedConvolution:
        """Return actnorm and 1x1 convolution as one."""
        kernel = self.convolution.kernel()
        log_scale = self.actnorm.log_scale
        log_det = self.convolution.log_abs_det() + log_scale.sum()
        return FoldedConvolution(kernel * log_scale.exp(), kernel @ self.actnorm.shift, log_det)

    def forward(self, x: Float[Tensor, "B C H W"]) -> tuple[Float[Tensor, "B C H W"], Float[Tensor, "*#batch"]]:
        """Apply the folded convolution, then the coupling."""
        with torch.autocast(x.device.type, enabled=False):
            weight, bias, log_det_per_pixel = self.folded()
            y = functional.conv2d(x, weight[:, :, None, None], bias)
        y, coupling_log_det = self.coupling(y)
        return y, log_det_per_pixel * (x.shape[-2] * x.shape[-1]) + coupling_log_det

    def inverse(self, y: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        """Undo the coupling, the 1x1 convolution and actnorm, in this order."""
        return self.actnorm.inverse(self.convolution.inverse(self.coupling.inverse(y)))

    def initialise(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        """Initialise actnorm on the batch `x` and return the step's output."""
        self.actnorm.initialise(x)
        return self(x)[0]

    def curvature_layers(self, place: Place, channels: int) -> list[Layer]:
        """Describe the step: one map of the channels of every pixel, then the coupling.

        Raises
        ------
        RouteError
            If the coupling cannot be described; names the module.
        """
        folded = self.folded()
        coupling = describe_layers(self.coupling, place.within("coupling"), channels, "an additive coupling")
        return [PixelwiseMap(folded.weight, folded.bias[:, None, None]), *coupling]
