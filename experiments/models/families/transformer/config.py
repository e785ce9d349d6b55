"""Settings, description and size of a transformer flow. This module does not import torch."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, get_args

from curvature.errors import ShapeError
from curvature.names import require_known
from experiments.models.config import NUMBERS_PER_CHANNEL, ActivationName, CouplingName, ModelConfig, volume_fact
from experiments.models.registry import EventShape, Family, ModelDescription, ModelSize
from experiments.settings import Range, require_ranges, require_setting

BlockName = Literal["coupling", "causal"]

MLP_RATIO = 4
"""Hidden numbers of a layer's two-layer network, in multiples of its width (Dosovitskiy et al. 2021, table 1)."""

SOURCES = {
    "coupling": "A. Kolesnikov, A. Susano Pinto, M. Tschannen, Jet, 2024, arXiv 2412.15129",
    "causal": "S. Zhai et al., Normalizing Flows are Capable Generative Models (TarFlow), ICML 2025, arXiv 2412.06329",
}


@dataclass(frozen=True)
class TransformerConfig(ModelConfig):
    """Sizes and choices of a transformer flow.

    Raises
    ------
    ConfigError
        A size lies outside its range, or the heads do not divide the width.
    UnknownNameError
        A block, an update or an activation of that name does not exist; the message suggests the nearest one.
    """

    kind: Literal["transformer"] = "transformer"
    """The model's family; each family has its own options."""

    block: BlockName = "causal"
    """What a block's transformer reads: one half of the image (coupling), or the patches before each one (causal)."""

    update: CouplingName = "affine"
    """How a block changes a patch: scale and shift, or a shift alone, which keeps the volume constant."""

    patch: Annotated[int, Range(1, 64)] = 2
    """Height and width of a patch in pixels; height and width of the images must be divisible by it."""

    blocks: Annotated[int, Range(1, 1000)] = 4
    """Blocks of the flow, each with its own transformer."""

    depth: Annotated[int, Range(1, 1000)] = 1
    """Layers of each transformer, one self-attention and one two-layer network each."""

    width: Annotated[int, Range(1, 65_536)] = 48
    """Numbers that describe a patch inside a transformer."""

    heads: Annotated[int, Range(1, 1024)] = 4
    """Heads of every self-attention; they divide the width."""

    activation: ActivationName = "gelu"
    """Activation of the two-layer networks; all but relu are smooth."""

    mixing: bool = True
    """Mix the entries of every patch by an invertible matrix before each block, as the 1x1 convolutions of Glow do."""

    learn_prior_scale: bool = False
    """Learn the prior's one standard deviation sigma_psi, shared by all latents, instead of fixing it to 1."""

    def __post_init__(self) -> None:
        require_ranges(self, "model")
        names = {"block": BlockName, "update": CouplingName, "activation": ActivationName}
        for name, allowed in names.items():
            require_known(name, getattr(self, name), get_args(allowed))
        divides = self.width % self.heads == 0
        require_setting(self, "model", "heads", divides, f"a divisor of width = {self.width}")


def describe(config: TransformerConfig) -> ModelDescription:
    """Describe a transformer flow."""
    additive = config.update == "additive"
    scale = "learned" if config.learn_prior_scale else "fixed to 1"
    reads = {
        "coupling": "one half of the patches, or one half of the entries of every patch, and changes the other half",
        "causal": "for every patch those before it, and the order of the patches is reversed between blocks",
    }[config.block]
    mixing = "actnorm and an invertible matrix for the entries of a patch" if config.mixing else "actnorm"
    return ModelDescription(
        label=f"transformer-{config.block}-{config.update}-p{config.patch}-{config.blocks}x{config.depth}"
        f"-w{config.width}{'' if config.mixing else '-unmixed'}",
        name=f"A {'constant-volume ' if additive else ''}transformer flow",
        summary=f"A small flow with {config.update} {config.block} blocks of attention on patches",
        facts=(
            f"{config.blocks} blocks on patches of {config.patch} x {config.patch} pixels; each is {mixing}, and an "
            f"{config.update} update by a transformer of {config.depth} layers, width {config.width} and "
            f"{config.heads} heads, which reads {reads}.",
            f"Prior: Gaussian, one standard deviation for all latents, {scale}. {volume_fact(config.update)}",
        ),
        limits="Published transformer flows are a hundred times larger and were trained for days on GPUs.",
        citation=SOURCES[config.block],
    )


def fit(config: TransformerConfig, event_shape: EventShape) -> TransformerConfig:
    """Take the largest patch, up to the one asked for, that suits images of that shape.

    Raises
    ------
    ShapeError
        If none does.
    """
    for patch in range(config.patch, 0, -1):
        fitted = replace(config, patch=patch)
        if _misfit(fitted, event_shape) is None:
            return fitted
    raise ShapeError(f"no size of patches suits images of shape {event_shape}: {_misfit(fitted, event_shape)}")


def require_patches(config: TransformerConfig, event_shape: tuple[int, ...]) -> None:
    """Refuse images that cannot be cut into the patches of these settings.

    Raises
    ------
    ShapeError
        If the shape is not (C, H, W) with H and W divisible by the patch, or the patches are too few or too small.
    """
    if len(event_shape) != 3 or min(event_shape) < 1:
        raise ShapeError(f"Expected an image shape (C, H, W) of positive sizes, got {tuple(event_shape)}.")
    misfit = _misfit(config, (event_shape[0], event_shape[1], event_shape[2]))
    if misfit is not None:
        raise ShapeError(f"A transformer flow cannot take images of shape {tuple(event_shape)}: {misfit}.")


def size(config: TransformerConfig, event_shape: EventShape) -> ModelSize:
    """Count the weights, and estimate the numbers that autograd keeps of one image.

    Raises
    ------
    ShapeError
        If the model does not take images of that shape.
    """
    require_patches(config, event_shape)
    channels, height, width = event_shape
    entries = channels * config.patch**2
    patches = height * width // config.patch**2
    linear = 2 * entries + (entries**2 if config.mixing else 0)
    parameters = 2 * entries * patches + int(config.learn_prior_scale) + config.blocks * linear
    activations = 0
    for index in range(config.blocks):
        read, changed, tokens = network_sizes(config, index, entries, patches)
        parameters += _network_weights(config, tokens, read, changed * NUMBERS_PER_CHANNEL[config.update])
        # A layer keeps about eight widths and twice the hidden numbers of each token, and the weights of attention.
        kept = config.depth * ((8 + 2 * MLP_RATIO) * config.width + config.heads * tokens)
        activations += tokens * (kept + read + 4 * changed) + 3 * entries * patches
    return ModelSize(parameters, activations)


def network_sizes(config: TransformerConfig, index: int, entries: int, patches: int) -> tuple[int, int, int]:
    """Sizes of the network of a block: entries read of each patch, entries changed of each, and patches it reads.

    Parameters
    ----------
    index
        Number of the block: couplings alternate between halves of the patches and halves of their entries.
    entries
        Numbers of a patch.
    patches
        Patches of an image.
    """
    if config.block == "causal":
        return entries, entries, patches - 1  # the last patch says nothing
    if splits_patches(index):
        return entries, entries, (patches + 1) // 2
    half = entries // 2
    return (half, entries - half, patches) if index % 2 == 0 else (entries - half, half, patches)


def splits_patches(index: int) -> bool:
    """Whether the coupling of that number splits the patches, and not the entries of every patch."""
    return index % 4 < 2


def _network_weights(config: TransformerConfig, tokens: int, entries_in: int, numbers_out: int) -> int:
    width, hidden = config.width, MLP_RATIO * config.width
    attention = 4 * width * (width + 1)
    mlp = (width + 1) * hidden + (hidden + 1) * width
    ends = (entries_in + 1) * width + tokens * width + 2 * width + (width + 1) * numbers_out
    return config.depth * (attention + mlp + 4 * width) + ends


def _misfit(config: TransformerConfig, event_shape: EventShape) -> str | None:
    """Say why the patches do not suit images of a shape; None if they do."""
    channels, height, width = event_shape
    patch = config.patch
    if height % patch or width % patch:
        return f"height and width must be divisible by {patch}; choose another --model.patch, or pad the images"
    if height * width // patch**2 < 2:
        return f"attention needs two patches at least, and there is one of {patch} x {patch} pixels"
    if config.block == "coupling" and channels * patch**2 < 2:
        return "couplings split the numbers of a patch, and there is one number in each; choose causal blocks"
    return None


FAMILY = Family(TransformerConfig, "experiments.models.families.transformer.flow:TransformerFlow", describe, fit, size)
