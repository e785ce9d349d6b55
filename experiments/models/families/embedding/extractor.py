"""What every extractor of features is: a module that may be prepared with training images and is frozen then."""

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor, nn


class Extractor(nn.Module, ABC):
    """A map from images to features."""

    @abstractmethod
    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, " B *features"]:
        """Return the features of images on the scale [0, 1]."""

    def fit(self, x: Float[Tensor, "N C H W"]) -> None:
        """Prepare the extractor with training images; one that needs none is left as it is."""
