"""Gated PixelCNN: an autoregressive probability of 8-bit images, as a smooth function of a continuous image."""

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.representation import Representation
from experiments.models.density import DensityModel
from experiments.models.discretised_logistic import LogisticMixture, first_bias
from experiments.models.families.pixelcnn.config import PixelCNNConfig
from experiments.models.families.pixelcnn.network import GatedNetwork


class PixelCNN(DensityModel):
    """Gated PixelCNN (van den Oord et al. 2016, arXiv 1606.05328) with a discretised logistic mixture (PixelCNN++).

    ``log p(x) = sum_i log P(x_i | x_<i)`` over the channels of the pixels in raster order. `P` is the mass of the cell
    of width 1/256 around x_i, and both x_i and the context x_<i are continuous (docs/families.md, eqs. M1 and M2). This
    is the function that an expansion differentiates. At the centres of the cells it is the log of a probability, so
    bits per dimension get no 8 bits added.

    Parameters
    ----------
    event_shape : tuple of int
        (C, H, W) of one image.
    config : PixelCNNConfig
        Sizes and choices.
    seed : int
        Of the initial weights; torch's global random state is left alone.
    """

    representation = Representation(cells="centre", bits=0)

    def __init__(self, event_shape: tuple[int, int, int], config: PixelCNNConfig, seed: int = 0) -> None:
        super().__init__(event_shape)
        self.config = config
        channels = event_shape[0]
        generator = torch.Generator().manual_seed(seed)
        self.network = GatedNetwork(channels, first_bias(channels, config.components), config, generator)

    def log_prob(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, " B"]:
        """Return the log probability of the image's cells in nats.

        Raises
        ------
        ShapeError
            `x` is not a batch of images of the model's shape.
        DtypeError
            `x` holds integers, or floats of another precision than the model.
        """
        return self.mixture(x).log_mass(x).sum((1, 2))

    def conditional_log_probs(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        """Return ``log P(x_i | x_<i)`` in nats of every channel of every pixel; `log_prob` is their sum.

        Raises
        ------
        ShapeError, DtypeError
            As `log_prob`.
        """
        return self.mixture(x).conditional_log_masses(x)

    def mixture(self, x: Float[Tensor, "B C H W"]) -> LogisticMixture:
        """Return the distribution of every pixel given the pixels before it.

        Raises
        ------
        ShapeError, DtypeError
            As `log_prob`.
        """
        self.require_events(x)
        return LogisticMixture.of(self.network(2 * x - 1), self.event_shape[0])

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, "n C H W"]:
        """Draw `n` images, pixel after pixel; their values are centres of cells."""
        channels, height, width = self.event_shape
        x = next(self.parameters()).new_full((n, channels, height, width), 0.5)
        for row in range(height):
            # The rows above are drawn: their part is computed once for the whole row.
            received = [link[:, :, row:] for link in self.network.from_above(2 * x[:, :, : row + 1] - 1)]
            for column in range(width):
                parameters = self.network.along_rows(2 * x[:, :, row : row + 1] - 1, received)
                pixel = LogisticMixture.of(parameters[..., column : column + 1], channels)
                x[:, :, row, column] = pixel.sample(generator)[..., 0, 0]
        return x
