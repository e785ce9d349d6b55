"""A flow on embeddings: the density of principal components of features of images, not of the images themselves.

Kirichenko, Izmailov & Wilson (2020, arXiv 2006.08545, section 8) found that flows on the embeddings of images tell data
sets apart where flows on pixels do not.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from analysis.representation import Representation
from curvature.errors import ConfigError, ShapeError
from experiments.models.density import DensityModel
from experiments.models.families.embedding.config import EmbeddingConfig, flow_settings
from experiments.models.families.embedding.extractor import Extractor
from experiments.models.families.embedding.extractors_by_name import build_extractor
from experiments.models.families.embedding.principal_components import PrincipalComponents
from experiments.models.families.nice.flow import NICE
from experiments.models.prior import Prior

FITTED_IMAGES = 10_000
EXTRACTED_AT_ONCE = 1000


class EmbeddingFlow(DensityModel):
    """A constant-volume flow (NICE) on principal components of the features that a frozen extractor finds in images.

    Events are the components [K]. They have unit variance over the training images, so that log p is in nats per unit
    of these standard deviations, and bits per dimension get no 8 bits added.

    Parameters
    ----------
    image_shape : tuple of int
        (C, H, W) of one image.
    config : EmbeddingConfig
        Sizes and choices.
    seed : int
        Of the initial weights of flow and extractor.

    Raises
    ------
    ConfigError
        There are fewer features than components.
    ShapeError
        The extractor does not take such images, or does not return one row for each.
    """

    initialisation_images = FITTED_IMAGES

    def __init__(self, image_shape: tuple[int, int, int], config: EmbeddingConfig, seed: int = 0) -> None:
        super().__init__((config.features,))
        self.config = config
        self._image_shape = tuple(image_shape)
        self.extractor: Extractor = build_extractor(config.extractor, image_shape, seed).requires_grad_(False)
        found = _count(self.extractor, image_shape, config.extractor)
        if found < config.features:
            raise ConfigError(
                f"model setting features: extractor {config.extractor} finds {found} features in images of "
                f"{' x '.join(map(str, image_shape))}, and {config.features} components were asked for"
            )
        self.components = PrincipalComponents(found, config.features)
        settings, event_shape = flow_settings(config)
        self.flow = NICE(event_shape, settings, seed)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one image."""
        return self._image_shape

    @property
    def representation(self) -> Representation:  # type: ignore[override]
        """Events are features, so that no bits are added."""
        return Representation(bits=0, embed=self.embed)

    @property
    def prior(self) -> Prior:
        """The density of the latents."""
        return self.flow.prior

    @property
    def is_constant_log_det(self) -> bool:
        """True if the flow's is."""
        return self.flow.is_constant_log_det

    def embed(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B K"]:
        """Return the principal components of the features of images on the scale [0, 1].

        Raises
        ------
        ShapeError
            `x` is no batch of images.
        """
        if tuple(x.shape[1:]) != self.image_shape:
            raise ShapeError(f"Expected a batch of images (B, {self.image_shape}), got {tuple(x.shape)}.")
        components: Tensor = self.components(self.extractor(x.to(self.dtype)).flatten(1))
        return components

    def forward(self, x: Float[Tensor, "B K"]) -> tuple[Float[Tensor, "B K"], Float[Tensor, " B"]]:
        """Return the latents of events and `log|det df/dx|` in nats."""
        self.require_events(x)
        z, log_det = self.flow(x[:, :, None, None])
        return z, log_det

    def inverse(self, z: Float[Tensor, "B K"]) -> Float[Tensor, "B K"]:
        """Return the events whose latents are `z`."""
        return self.flow.inverse(z).flatten(1)

    def log_prob(self, x: Float[Tensor, "B K"]) -> Float[Tensor, " B"]:
        """Return `log p` of events in nats."""
        self.require_events(x)
        return self.flow.log_prob(x[:, :, None, None])

    def log_prob_parts(self, x: Float[Tensor, "B K"]) -> dict[str, Float[Tensor, " B"]]:
        """Return the prior term and the log-determinant of the flow in nats."""
        return self.flow.log_prob_parts(x[:, :, None, None])

    def sample(self, n: int, generator: torch.Generator, temperature: float = 1.0) -> Float[Tensor, "n K"]:
        """Draw `n` events."""
        return self.flow.sample(n, generator, temperature).flatten(1)

    @torch.no_grad()
    def initialise(self, x: Float[Tensor, "N C H W"]) -> None:
        """Fit the extractor to training images, then the principal components of their features.

        Raises
        ------
        TooFewSamplesError
            If the features vary in fewer directions than there are components.
        NonFiniteError
            If a feature is NaN or infinite.
        """
        self.extractor.fit(x)
        parts = [self.extractor(part).flatten(1) for part in x.split(EXTRACTED_AT_ONCE)]
        self.components.fit(torch.cat(parts))
        self.flow.initialise(self.embed(x)[:, :, None, None])

    @property
    def dtype(self) -> torch.dtype:
        """Precision of the flow."""
        return self.flow.dtype


@torch.no_grad()
def _count(extractor: nn.Module, image_shape: tuple[int, ...], name: str) -> int:
    """Number of features that an extractor finds in one image."""
    try:
        features = extractor(torch.zeros(2, *image_shape))
    except RuntimeError as error:
        told = " ".join(str(error).split())
        raise ShapeError(f"extractor {name}: fails on images of shape {list(image_shape)}: {told}") from error
    if not isinstance(features, Tensor) or features.ndim < 2 or len(features) != 2:
        shown = list(features.shape) if isinstance(features, Tensor) else type(features).__name__
        raise ShapeError(f"extractor {name}: expected features [2, ...] of 2 images, got {shown}")
    return features[0].numel()
