"""Images as rival explanations take them: events, 8-bit pixels and log p; and the training images they refer to."""

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.event_setting import EventSetting
from analysis.inputs import InputSet
from analysis.representation import UNIFORM
from analysis.rivals.score import ScoredImages
from curvature.errors import TooFewSamplesError, ToolkitError
from curvature.expansion import Expansion
from curvature.preconditions import require_finite
from experiments.study.event_setting import event_setting
from experiments.study.memory_needs import require_memory_for_inputs
from experiments.study.samples import load_inputs, noise_generator
from experiments.study.trained_model import StudiedModel

FEWEST = 4


def require_enough_training_images(trained: StudiedModel) -> None:
    """Raise a TooFewSamplesError unless two training images can be scored, and two others be the reference."""
    count = len(trained.train_images)
    if count < FEWEST:
        raise TooFewSamplesError(f"{trained.training_input}: expected at least {FEWEST} images, got {count}")


def scored_training_images(trained: StudiedModel, n_images: int) -> int:
    """How many training images are scored: half of them at most, since the others are the reference."""
    return min(n_images, len(trained.train_images) // 2)


def reference_events(trained: StudiedModel, n_images: int, n_reference: int, seed: int) -> Float[Tensor, " M *event"]:
    """Events of the training images after the scored ones, in float64, with noise of their own."""
    start = scored_training_images(trained, n_images)
    images = trained.train_images.images[start : start + n_reference]
    return trained.representation(images, noise_generator(seed + 1), torch.float64)


def score_inputs(
    trained: StudiedModel, expansion: Expansion, inputs: Iterable[InputSet], n_images: int, seed: int
) -> list[ScoredImages]:
    """Load the training images and the input sets, and evaluate log p.

    Parameters
    ----------
    trained
        The model and its training images.
    expansion
        Expansion of its log p, which is evaluated by it.
    inputs
        Input sets beside the training images; the training images themselves are left out.
    n_images
        Images of each set.
    seed
        Of the dequantisation noise.

    Raises
    ------
    ToolkitError
        Of the kinds that `load_inputs` raises.
    NonFiniteError
        If log p is not finite for an image.
    """
    setting, training = event_setting(trained, seed), trained.training_input
    others = [name for name in dict.fromkeys(inputs) if name != training]
    counts = {training: scored_training_images(trained, n_images), **dict.fromkeys(others, n_images)}
    require_memory_for_inputs(counts, trained.train_images.event_shape)
    return [_scored(trained, expansion, name, count, seed, setting) for name, count in counts.items()]


def _scored(
    trained: StudiedModel, expansion: Expansion, name: InputSet, count: int, seed: int, setting: EventSetting
) -> ScoredImages:
    shape, representation = trained.train_images.event_shape, trained.representation
    events = load_inputs(name, count, shape, seed, shape[1], representation, setting)
    log_p = require_finite(_log_p(expansion, events), f"log p of {name}")
    try:
        if representation.embed is None:
            return ScoredImages(str(name), events, log_p, representation.pixels(events, str(name)))
        if name.needs_model:
            reason = f"the model makes features of {name}, and no 8-bit images"
            return ScoredImages(str(name), events, log_p, no_pixels=reason)
        # Features do not give their images back, so these are loaded beside them.
        images = load_inputs(name, count, shape, seed, shape[1])
        return ScoredImages(str(name), events, log_p, UNIFORM.pixels(images, str(name)))
    except ToolkitError as error:
        return ScoredImages(str(name), events, log_p, no_pixels=f"no 8-bit images ({error})")


@torch.no_grad()
def _log_p(expansion: Expansion, events: Float[Tensor, " N *event"]) -> Float[Tensor, " N"]:
    operator = expansion.operator
    parts = events.to(expansion.at).split(operator.samples_at_once)
    return torch.cat([operator.log_prob(x) for x in parts]).cpu()
