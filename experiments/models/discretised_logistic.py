"""The discretised logistic mixture: the probability of a pixel's cell as a smooth function of a continuous pixel.

For y in [-1, 1] (pixels x in [0, 1], y = 2 x - 1), a logistic distribution function F and cells of width 2h = 2/256,

    P(y) = [F(y + h) - F(y - h)] / [F(1) - F(-1)]        (docs/families.md, eq. M1)

At the centres y of the 256 cells these are probabilities, and they sum to one exactly, because the sum telescopes.
Salimans et al. give the outermost cells the tails instead of dividing by F(1) - F(-1). That sums to one as well but is
not one smooth function of y, and curvature needs one.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from curvature.units import LEVELS
from experiments.models.mixture_parameters import parameters_per_pixel, slope_count

HALF_CELL = 1 / LEVELS
"""Half the width of a cell on the scale [-1, 1]."""
SMALLEST_LOG_SCALE = -7.0
"""Of a component, on that scale: its 8-bit cells are then nearly nine scales wide (the bound of Salimans et al.)."""
FIRST_LOG_SCALE = -2.0


class Logistic(NamedTuple):
    """Truncated logistic distributions on [-1, 1], of any shape."""

    mean: Tensor
    log_scale: Tensor

    def log_mass(self, y: Tensor) -> Tensor:
        """Log probability of the cell around `y` in nats: the log of eq. M1."""
        return self._log_difference(y - HALF_CELL, HALF_CELL) - self._log_difference(y.new_tensor(-1.0), 1.0)

    def quantile(self, u: Tensor) -> Tensor:
        """Value below which the probability is `u`, for u in [0, 1]."""
        at_low, at_high = ((edge - self.mean) * (-self.log_scale).exp() for edge in (-1.0, 1.0))
        log_inside = self._log_difference(self.mean.new_tensor(-1.0), 1.0)
        # log F and log(1 - F) of the quantile, each as a sum of positive parts: exact in both tails.
        below = torch.logaddexp(functional.logsigmoid(at_low), u.log() + log_inside)
        above = torch.logaddexp(functional.logsigmoid(-at_high), torch.log1p(-u) + log_inside)
        return (self.mean + self.log_scale.exp() * (below - above)).clamp(-1, 1)

    def _log_difference(self, low: Tensor, half_width: float) -> Tensor:
        """``log[F(low + 2 half_width) - F(low)]``, without cancellation.

        With a > b: ``sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - exp(b - a))``.
        """
        per_scale = (-self.log_scale).exp()
        b = (low - self.mean) * per_scale
        width = 2 * half_width * per_scale
        return functional.logsigmoid(b + width) + functional.logsigmoid(-b) + torch.log(-torch.expm1(-width))


@dataclass(frozen=True, eq=False)
class LogisticMixture:
    """For every pixel a mixture of products of discretised logistics over its channels.

    Within a component the mean of a channel is shifted by a linear function of the pixel's earlier channels: green by
    red, blue by red and green (Salimans et al. 2017, PixelCNN++, arXiv 1701.05517, section 2.2).

    Attributes
    ----------
    log_weights
        Normalised over the components.
    means
        Before the shift, on the scale [-1, 1].
    log_scales
        On that scale.
    slopes
        Of the shifts: channel 1 on channel 0, then channel 2 on 0 and 1, and so on.
    """

    log_weights: Float[Tensor, "B K H W"]
    means: Float[Tensor, "B K C H W"]
    log_scales: Float[Tensor, "B K C H W"]
    slopes: Float[Tensor, "B K S H W"]

    @classmethod
    def of(cls, parameters: Float[Tensor, "B P H W"], channels: int) -> "LogisticMixture":
        """Read a network's output, of `parameters_per_pixel` channels."""
        components = parameters.shape[1] // parameters_per_pixel(channels, 1)
        by_component = parameters.unflatten(1, (components, -1))
        logits, means, scales, slopes = by_component.split((1, channels, channels, slope_count(channels)), dim=2)
        # The smooth form of max(log_scale, -7); it passes through FIRST_LOG_SCALE at about 0.
        raised = scales + (FIRST_LOG_SCALE - SMALLEST_LOG_SCALE)
        log_scales = SMALLEST_LOG_SCALE - functional.logsigmoid(-raised)
        return cls(logits.squeeze(2).log_softmax(1), means, log_scales, slopes.tanh())

    def log_mass(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B H W"]:
        """Log probability in nats of the cells around the channels of every pixel of `x` in [0, 1]."""
        return torch.logsumexp(self.log_weights + self._log_masses(x).sum(2), 1)

    def conditional_log_masses(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        """Log probability in nats of every channel given the earlier channels of its pixel; `log_mass` is their sum."""
        up_to = torch.logsumexp(self.log_weights[:, :, None] + self._log_masses(x).cumsum(2), 1)
        return torch.cat([up_to[:, :1], up_to.diff(dim=1)], 1)

    def sample(self, generator: torch.Generator) -> Float[Tensor, "B C H W"]:
        """Draw the centre of a cell for every channel of every pixel."""
        u = self._uniform((self.means.shape[2] + 1, *self.log_weights[:, 0].shape), generator)
        chosen = (u[0][:, None] > self.log_weights.exp().cumsum(1)[:, :-1]).sum(1)[:, None, None]
        means, log_scales, slopes = (
            part.gather(1, chosen.expand(-1, 1, *part.shape[2:])).squeeze(1)
            for part in (self.means, self.log_scales, self.slopes)
        )
        y = torch.empty_like(means)
        for channel in range(means.shape[1]):
            shift = _shift(slopes, y, channel) if channel else 0.0
            value = Logistic(means[:, channel] + shift, log_scales[:, channel]).quantile(u[channel + 1])
            y[:, channel] = (2 * _cell(value) + 1) * HALF_CELL - 1
        return (y + 1) / 2

    def _log_masses(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B K C H W"]:
        y = (2 * x - 1)[:, None]
        channels = self.means.shape[2]
        shifts = [torch.zeros_like(self.log_weights)]
        shifts += [_shift(self.slopes, y, channel) for channel in range(1, channels)]
        return Logistic(self.means + torch.stack(torch.broadcast_tensors(*shifts), 2), self.log_scales).log_mass(y)

    def _uniform(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        u = torch.rand(shape, generator=generator, device=generator.device, dtype=torch.float64)
        return u.to(self.means)


def first_bias(channels: int, components: int) -> Float[Tensor, " P"]:
    """Parameters of a mixture to begin training with: means spread evenly, equal weights, wide scales, no slopes."""
    means = (2 * torch.arange(components) + 1) / components - 1
    bias = torch.zeros(components, parameters_per_pixel(channels, 1))
    bias[:, 1 : 1 + channels] = means[:, None]
    return bias.flatten()


def _shift(slopes: Float[Tensor, "*#B S H W"], y: Float[Tensor, "*#B C H W"], channel: int) -> Float[Tensor, "*B H W"]:
    """Shift of a channel's mean by the earlier channels of the same pixel."""
    first = slope_count(channel)
    return (slopes[..., first : first + channel, :, :] * y[..., :channel, :, :]).sum(-3)


def _cell(y: Tensor) -> Tensor:
    """Which of the 256 cells of [-1, 1] holds each value."""
    return ((y + 1) * (LEVELS / 2)).floor().clamp(0, LEVELS - 1)
