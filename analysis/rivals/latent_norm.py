"""Squared norm of a flow's latents."""

from typing import Any

import torch
from torch import Tensor

from analysis.rivals.score import Score, ScoredImages, ScoreSetting, ScoreUnavailableError, ScoreValues

IMAGES_AT_ONCE = 64


def prepare(setting: ScoreSetting) -> Any:
    """Return the flow.

    Raises
    ------
    ScoreUnavailableError
        If the model is none: it has no inverse, or its `forward` does not give D latents an image.
    """
    model, name = setting.model, type(setting.model).__name__
    if not (hasattr(model, "inverse") and hasattr(model, "forward")):
        raise ScoreUnavailableError(f"{name} has no latents z = f(x); only a flow has")
    events = setting.train.events[:2]
    found = _forward(model, events)
    if not isinstance(found, tuple) or not isinstance(found[0], Tensor) or found[0].numel() != events.numel():
        raise ScoreUnavailableError(f"{name}: forward(x) does not give latents z as large as x, and log|det df/dx|")
    return model


def evaluate(model: Any, images: ScoredImages) -> ScoreValues:
    """``|z|^2``."""
    parts = [_forward(model, x)[0].flatten(1).square().sum(1) for x in images.events.split(IMAGES_AT_ONCE)]
    return ScoreValues(torch.cat(parts))


@torch.no_grad()
def _forward(model: Any, x: Tensor) -> Any:
    return model(x)


SCORE = Score(
    name="latent-norm",
    order=70,
    units="none",
    higher_means="further from the mode of a standard normal prior",
    source="the prior term of log p (docs/theory.md, eq. 4)",
    needs=("latents",),
    prepare=prepare,
    evaluate=evaluate,
    inside_is_higher=False,
    circular="is the prior term of log p, up to learned scales; for a constant-volume flow that is all of log p",
)
