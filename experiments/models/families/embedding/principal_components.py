"""The first principal components of features, each scaled to unit variance: a linear map that is fitted once."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from curvature.errors import NonFiniteError, TooFewSamplesError


class PrincipalComponents(nn.Module):
    """`y = (h - mean) V / s`, with the leading eigenvectors V of the covariance and their standard deviations s.

    Parameters
    ----------
    features : int
        Number of features.
    components : int
        Number of components to keep, at most `features`.
    """

    mean: Float[Tensor, " F"]
    directions: Float[Tensor, "F K"]
    variance_share: Float[Tensor, ""]
    """Share of the features' variance that the components hold."""
    initialised: Tensor

    def __init__(self, features: int, components: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("directions", torch.zeros(features, components))
        self.register_buffer("variance_share", torch.zeros(()))
        self.register_buffer("initialised", torch.tensor(False))

    def forward(self, h: Float[Tensor, "B F"]) -> Float[Tensor, "B K"]:
        """Return the components of features."""
        return (h - self.mean) @ self.directions

    @torch.no_grad()
    def fit(self, h: Float[Tensor, "N F"]) -> None:
        """Find mean, directions and scales, in float64.

        Raises
        ------
        TooFewSamplesError
            If the features of these images vary in fewer directions than there are components.
        NonFiniteError
            If a feature is NaN or infinite.
        """
        if not torch.isfinite(h).all():
            raise NonFiniteError("features of the training images: NaN or infinite")
        components = self.directions.shape[1]
        centred = h.double() - h.double().mean(0)
        variances, vectors = torch.linalg.eigh(centred.T @ centred / max(len(h) - 1, 1))
        kept, scales = vectors[:, -components:].flip(1), variances[-components:].flip(0)
        if not scales[-1] > 1e-10 * variances.sum():
            varied = int((variances > 1e-10 * variances.sum()).sum())
            raise TooFewSamplesError(
                f"features of {len(h)} training images vary in {varied} directions only, and {components} components "
                "were asked for; lower model.features, or give more images"
            )
        self.mean.copy_(h.double().mean(0))
        self.directions.copy_(kept / scales.sqrt())
        self.variance_share.copy_(scales.sum() / variances.sum())
        self.initialised.fill_(True)
