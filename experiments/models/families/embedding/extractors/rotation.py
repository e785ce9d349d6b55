"""Features of a small convolutional network that was trained to tell by how many quarter turns an image is rotated.

The task needs no labels, and its features tell objects apart (Gidaris, Singh & Komodakis 2018, arXiv 1803.07728).
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from curvature.errors import ShapeError
from experiments.models.families.embedding.extractor import Extractor

WIDTHS = (32, 64, 128)
QUARTER_TURNS = 4
STEPS, BATCH_SIZE, LEARNING_RATE = 400, 32, 2e-3


class RotationFeatures(Extractor):
    """Strided convolutions with SiLU, averaged over the image: smooth, so that features have derivatives.

    Parameters
    ----------
    image_shape : tuple of int
        (C, H, W) of one image; H and W equal.
    seed : int
        Of the weights and of the images that `fit` sees at each step.

    Raises
    ------
    ShapeError
        Images that are not square cannot be rotated by a quarter turn.
    """

    def __init__(self, image_shape: tuple[int, int, int], seed: int) -> None:
        super().__init__()
        channels, height, width = image_shape
        if height != width:
            raise ShapeError(f"extractor rotation: expected square images, got {height} x {width} pixels")
        self.generator_seed = seed
        generator = torch.Generator().manual_seed(seed)
        layers: list[nn.Module] = []
        for features in WIDTHS:
            layers += [_convolution(channels, features, generator), nn.SiLU()]
            channels = features
        self.convolutions = nn.Sequential(*layers)
        self.head = nn.utils.skip_init(nn.Linear, channels, QUARTER_TURNS)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B 128"]:
        """Return the features before the last layer, each the mean over the image."""
        features: Tensor = self.convolutions(2 * x - 1).mean((2, 3))
        return features

    @torch.enable_grad()
    def fit(self, x: Float[Tensor, "N C H W"]) -> None:
        """Train on random batches, each image in all four rotations; the weights are frozen afterwards."""
        self.requires_grad_(True)
        generator = torch.Generator().manual_seed(self.generator_seed + 1)
        optimizer = torch.optim.Adam(self.parameters(), lr=LEARNING_RATE)
        for _ in range(STEPS):
            chosen = torch.randint(len(x), (BATCH_SIZE,), generator=generator).to(x.device)
            optimizer.zero_grad()
            self.rotation_loss(x[chosen]).backward()
            optimizer.step()
        self.requires_grad_(False)

    def rotation_loss(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, ""]:
        """Cross-entropy (nats) of the number of quarter turns, over all four of every image."""
        turned = torch.cat([torch.rot90(x, turns, (2, 3)) for turns in range(QUARTER_TURNS)])
        turns = torch.arange(QUARTER_TURNS, device=x.device).repeat_interleave(len(x))
        return functional.cross_entropy(self.head(self(turned)), turns)


def build(image_shape: tuple[int, int, int], seed: int) -> RotationFeatures:
    """Make the network with new weights."""
    return RotationFeatures(image_shape, seed)


def _convolution(channels_in: int, channels_out: int, generator: torch.Generator) -> nn.Conv2d:
    # skip_init: the constructor would draw from torch's global random state.
    layer = nn.utils.skip_init(nn.Conv2d, channels_in, channels_out, 3, stride=2, padding=1)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
    nn.init.zeros_(layer.bias)
    return layer
