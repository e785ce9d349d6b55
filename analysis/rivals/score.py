"""What a rival explanation is: one number for each image, its source, and what a higher value means."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from jaxtyping import Float, UInt8
from torch import Tensor

from analysis.representation import Representation
from curvature.errors import OptionError
from curvature.expansion import Expansion

Need = Literal["images", "training images", "model", "derivatives", "latents"]


class ScoreUnavailableError(OptionError):
    """A score that this model or these images do not allow; the message says why."""


@dataclass(frozen=True)
class ScoreOptions:
    """Settings of the scores.

    Attributes
    ----------
    probes
        Random directions for each image in the estimate of the trace of its Hessian, at least two.
    neighbours
        Nearest training images that the local intrinsic dimension is estimated from, at least three.
    seed
        Of the random directions.
    """

    probes: int = 4
    neighbours: int = 20
    seed: int = 0


@dataclass(frozen=True, eq=False)
class ScoredImages:
    """The images of one input set as scores take them.

    Attributes
    ----------
    name
        Of the input set.
    events
        What the model takes, in float64.
    log_p
        Log p of every image in nats.
    pixels
        The 8-bit images; None where the events do not come from any.
    no_pixels
        Why there are none.
    """

    name: str
    events: Float[Tensor, " N *event"]
    log_p: Float[Tensor, " N"]
    pixels: UInt8[Tensor, "N C H W"] | None = None
    no_pixels: str = ""


@dataclass(frozen=True, eq=False)
class ScoreSetting:
    """What a score can use to prepare itself.

    Attributes
    ----------
    expansion
        Expansion of log p about x0.
    model
        The model in float64.
    train
        The training images that are scored.
    reference
        Other events of the training distribution, in float64: what densities of images are fitted to.
    representation
        How 8-bit images became events.
    n_scored
        How many images are scored in all sets together.
    options
        Settings of the scores.
    """

    expansion: Expansion
    model: Any
    train: ScoredImages
    reference: Float[Tensor, " M *event"]
    representation: Representation
    n_scored: int
    options: ScoreOptions = ScoreOptions()

    @property
    def dequantization_variance(self) -> float:
        """Variance of the uniform noise within a pixel's cell (docs/theory.md, eq. 27); 0 for features of images."""
        if self.representation.embed is not None:
            return 0.0
        low, high = self.representation.values
        return ((high - low) / self.representation.levels) ** 2 / 12


@dataclass(frozen=True, eq=False)
class ScoreValues:
    """A score of the images of one set.

    Attributes
    ----------
    values
        One number an image.
    standard_errors
        Those of the numbers, where they are estimates with random draws.
    """

    values: Float[Tensor, " N"]
    standard_errors: Float[Tensor, " N"] | None = None


def says_nothing(_: Any) -> str:
    """No remark."""
    return ""


@dataclass(frozen=True)
class Score:
    """A number of each image, made by one file of `analysis.rivals`.

    Attributes
    ----------
    name
        As tables write it.
    order
        Place in the table.
    units
        Of the number, such as ``nats``.
    higher_means
        What a higher value says of an image.
    source
        Where it was proposed.
    needs
        What it is computed from.
    prepare
        What is computed once for all sets; raises `ScoreUnavailableError` where the score is not available.
    evaluate
        The score of every image of a set, given the prepared state; may raise the same.
    inside_is_higher
        Whether training images are expected to have the higher values, when it is used as a detector.
    circular
        Why it cannot count as an explanation of log p: it is computed from log p. Empty for all others.
    remark
        What else must be known of the numbers, given the prepared state.
    """

    name: str
    order: int
    units: str
    higher_means: str
    source: str
    needs: tuple[Need, ...]
    prepare: Callable[[ScoreSetting], Any]
    evaluate: Callable[[Any, ScoredImages], ScoreValues]
    inside_is_higher: bool
    circular: str = ""
    remark: Callable[[Any], str] = says_nothing


def nothing(_: ScoreSetting) -> None:
    """Prepare nothing."""
