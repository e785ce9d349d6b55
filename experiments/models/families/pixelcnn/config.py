"""Settings, description and size of a gated PixelCNN. This module does not import torch."""

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from curvature.names import require_known
from experiments.models.config import ActivationName, ModelConfig
from experiments.models.mixture_parameters import parameters_per_pixel
from experiments.models.registry import EventShape, Family, ModelDescription, ModelSize
from experiments.settings import Range, require_ranges, require_setting


@dataclass(frozen=True)
class PixelCNNConfig(ModelConfig):
    """Sizes and choices of a gated PixelCNN.

    Raises
    ------
    ConfigError
        A size lies outside its range, or a kernel is even.
    UnknownNameError
        An activation of that name does not exist; the message suggests the nearest one.
    """

    kind: Literal["pixelcnn"] = "pixelcnn"
    """The model's family; each family has its own options."""

    layers: Annotated[int, Range(1, 1000)] = 4
    """Gated layers, each with a vertical and a horizontal stack."""

    width: Annotated[int, Range(1, 65_536)] = 24
    """Channels of both stacks."""

    first_kernel: Annotated[int, Range(3, 255)] = 7
    """Odd size of the first layer's kernel, of which the part before a pixel is used."""

    kernel: Annotated[int, Range(3, 255)] = 3
    """Odd size of the other layers' kernels."""

    components: Annotated[int, Range(1, 1000)] = 5
    """Discretised logistic distributions in the mixture of every pixel."""

    activation: ActivationName = "silu"
    """Activation of the two 1x1 layers after the gated ones; all but relu are smooth."""

    def __post_init__(self) -> None:
        require_ranges(self, "model")
        for name in ("first_kernel", "kernel"):
            require_setting(self, "model", name, getattr(self, name) % 2 == 1, "an odd size")
        require_known("activation", self.activation, get_args(ActivationName))


def describe(config: PixelCNNConfig) -> ModelDescription:
    """Describe a PixelCNN."""
    return ModelDescription(
        label=f"pixelcnn-{config.layers}-w{config.width}-m{config.components}-{config.activation}",
        name="A gated PixelCNN",
        summary="A small autoregressive model with a discretised logistic mixture",
        facts=(
            f"{config.layers} gated layers of width {config.width} with vertical and horizontal stacks; kernels of "
            f"size {config.first_kernel} in the first layer and {config.kernel} in the others.",
            f"Every pixel has a mixture of {config.components} discretised logistic distributions, in which green "
            "depends on red, and blue on both. log p is the log of a probability: no 8 bits/dim are added.",
        ),
        limits="Published PixelCNNs are deeper and wider, and were trained for far more steps.",
        citation="A. van den Oord et al., Conditional Image Generation with PixelCNN Decoders, NeurIPS 2016, "
        "arXiv 1606.05328; T. Salimans et al., PixelCNN++, ICLR 2017, arXiv 1701.05517",
    )


def size(config: PixelCNNConfig, event_shape: EventShape) -> ModelSize:
    """Count the weights, and the numbers that autograd keeps of the layers' inputs and outputs."""
    channels, height, width = event_shape
    outputs, hidden = parameters_per_pixel(channels, config.components), config.width
    parameters = (hidden + 1) * (hidden + outputs)
    read, kernel, sees_itself = channels + 1, config.first_kernel, False
    for _ in range(config.layers):
        reach = kernel // 2
        taps = (reach + 1) * kernel + reach + sees_itself
        parameters += (read * taps + 2) * 2 * hidden + (2 * hidden + 1) * 2 * hidden + (hidden + 1) * hidden
        read, kernel, sees_itself = hidden, config.kernel, True
    kept = config.layers * 11 * hidden + 4 * hidden + 10 * outputs
    return ModelSize(parameters, height * width * kept)


FAMILY = Family(PixelCNNConfig, "experiments.models.families.pixelcnn.model:PixelCNN", describe, size=size)
