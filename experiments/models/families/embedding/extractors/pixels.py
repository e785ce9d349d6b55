"""The images themselves as features: with the principal components that follow, the classical PCA of images."""

from jaxtyping import Float
from torch import Tensor

from experiments.models.families.embedding.extractor import Extractor


class Pixels(Extractor):
    """All pixels of an image."""

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D"]:
        """Return the pixels in one row for each image."""
        return x.flatten(1)


def build(image_shape: tuple[int, int, int], seed: int) -> Pixels:
    """Make the extractor; it has no weights."""
    return Pixels()
