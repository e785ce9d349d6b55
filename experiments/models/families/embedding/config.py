"""Settings, description and size of a flow on embeddings. This module does not import torch."""

from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from pkgutil import iter_modules
from typing import Annotated, Literal, get_args

from curvature.names import require_known
from experiments.models.config import ActivationName, ModelConfig
from experiments.models.families.nice import config as nice
from experiments.models.families.nice.config import NICEConfig
from experiments.models.importable import is_importable
from experiments.models.registry import EventShape, Family, ModelDescription, ModelSize
from experiments.settings import Range, require_ranges


def extractor_names() -> tuple[str, ...]:
    """Names of the extractors that there are, without importing them."""
    found = iter_modules([str(Path(__file__).parent / "extractors")])
    return tuple(each.name for each in found)


@dataclass(frozen=True)
class EmbeddingConfig(ModelConfig):
    """Sizes and choices of a flow on embeddings.

    Raises
    ------
    ConfigError
        A size lies outside its range.
    UnknownNameError
        An extractor or an activation of that name does not exist; the message suggests the nearest one.
    """

    kind: Literal["embedding"] = "embedding"
    """The model's family; each family has its own options."""

    extractor: str = "pixels"
    """What features are taken from: pixels, rotation (a network trained to tell rotations), or your package.module:name
    that makes or is a map from images [B, C, H, W] to features."""

    features: Annotated[int, Range(1, 65_536)] = 32
    """Principal components of the extracted features whose density is modelled."""

    couplings: Annotated[int, Range(1, 1000)] = 6
    """Additive couplings of the flow of features, followed by a scale for every dimension."""

    width: Annotated[int, Range(1, 65_536)] = 128
    """Hidden units of every coupling network."""

    depth: Annotated[int, Range(1, 100)] = 2
    """Hidden layers of every coupling network."""

    activation: ActivationName = "silu"
    """Activation of the coupling networks; all but relu are smooth."""

    def __post_init__(self) -> None:
        require_ranges(self, "model")
        require_known("activation", self.activation, get_args(ActivationName))
        if not is_importable(self.extractor):
            require_known("extractor", self.extractor, extractor_names())


def describe(config: EmbeddingConfig) -> ModelDescription:
    """Describe a flow on embeddings."""
    sizes = f"{config.features}-{config.couplings}x{config.depth}-w{config.width}"
    extractors = {
        "pixels": "all pixels",
        "rotation": "the features of a small convolutional network, trained to tell quarter turns of the images",
    }
    return ModelDescription(
        label=f"embedding-{config.extractor}-{sizes}-{config.activation}",
        name="A constant-volume flow on embeddings",
        summary="A flow on features of images",
        facts=(
            f"Events are the first {config.features} principal components of "
            f"{extractors.get(config.extractor, config.extractor)}, scaled to unit variance over the training images.",
            f"{config.couplings} additive couplings with {config.depth} hidden layers of {config.width} units and "
            f"{config.activation}, then a scale for every component; Gaussian prior. The log-determinant is constant.",
        ),
        limits="Published flows on embeddings take features of networks that were trained on labels.",
        citation="P. Kirichenko, P. Izmailov, A. G. Wilson, Why normalizing flows fail to detect out-of-distribution "
        "data, NeurIPS 2020, arXiv 2006.08545",
    )


def fit(config: EmbeddingConfig, image_shape: EventShape) -> EmbeddingConfig:
    """Take no more components than an image has pixels."""
    return replace(config, features=min(config.features, prod(image_shape)))


def flow_settings(config: EmbeddingConfig) -> tuple[NICEConfig, EventShape]:
    """Settings of the flow of features, and the shape of its events."""
    flow = NICEConfig(couplings=config.couplings, width=config.width, depth=config.depth, activation=config.activation)
    return flow, (config.features, 1, 1)


def size(config: EmbeddingConfig, image_shape: EventShape) -> ModelSize:
    """Estimate the size of the flow of features; the extractor is frozen and not counted.

    Raises
    ------
    ShapeError
        If there is only one feature, which a flow of couplings cannot take.
    """
    return nice.size(*flow_settings(config))


FAMILY = Family(EmbeddingConfig, "experiments.models.families.embedding.flow:EmbeddingFlow", describe, fit, size)
