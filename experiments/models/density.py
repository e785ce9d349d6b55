"""What every model of this package offers: log p of a batch of events, and what training it takes."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from analysis.representation import UNIFORM, Representation
from curvature.errors import DtypeError, ShapeError


class DensityModel(nn.Module):
    """A density, or a probability mass, on events of one shape.

    Subclasses give `log_prob`. The library does not check values: NaN in gives NaN out.

    Parameters
    ----------
    event_shape : tuple of int
        Shape of one event, without the batch: (C, H, W) for images.

    Attributes
    ----------
    representation
        How 8-bit images become events.
    objective_noise
        Number of standard normal draws that `training_objective` takes for each event.
    initialisation_images
        Number of training images that `initialise` gets (all where there are fewer); None for the first batch.
    """

    representation: Representation = UNIFORM
    objective_noise: int = 0
    initialisation_images: int | None = None

    def __init__(self, event_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.event_shape = tuple(event_shape)
        self.dim = math.prod(event_shape)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one image: that of an event, unless events are features of images."""
        return self.event_shape

    def log_prob(self, x: Float[Tensor, " B *event"]) -> Float[Tensor, " B"]:
        """Return `log p(x)` in nats."""
        raise NotImplementedError

    def training_objective(self, x: Float[Tensor, " B *event"], noise: Float[Tensor, "B draws"]) -> Float[Tensor, " B"]:
        """Return what training maximises, in nats: `log p(x)`, unless a model is trained on a bound of it.

        Parameters
        ----------
        x
            Events.
        noise
            `objective_noise` standard normal draws for each event.
        """
        return self.log_prob(x)

    def initialise(self, x: Float[Tensor, " B *event"]) -> None:
        """Set the parameters that depend on data from the images `x`; a model without any is left as it is."""

    def require_events(self, x: Tensor) -> None:
        """Raise unless `x` is a batch of float events [B, *event_shape] of the model's precision."""
        if tuple(x.shape[1:]) != self.event_shape or x.ndim != len(self.event_shape) + 1:
            raise ShapeError(f"Expected a batch of shape (B, {plain(self.event_shape)}), got ({plain(x.shape)}).")
        self.require_floats(x, "events")

    def require_floats(self, x: Tensor, what: str) -> None:
        """Raise unless `x` holds floats of the model's precision."""
        if not x.is_floating_point():
            raise DtypeError(f"Expected {what} as floats, got {x.dtype}; dequantise integer pixels first.")
        dtype = self.dtype
        if x.dtype != dtype:
            raise DtypeError(
                f"The model is {dtype} and the {what} are {x.dtype}; convert one of the two with .to(dtype)."
            )

    @property
    def dtype(self) -> torch.dtype:
        """Precision of the parameters."""
        return next(self.parameters()).dtype


def plain(shape: tuple[int, ...] | torch.Size) -> str:
    """A shape without its brackets: ``3, 32, 32``."""
    return ", ".join(str(size) for size in shape)
