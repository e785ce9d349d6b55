"""Squared norm of a flow's latents."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from analysis.rivals.score import Score, ScoredImages, ScoreSetting, ScoreUnavailableError, ScoreValues

IMAGES_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class FlowOnDevice:
    """A flow, and where it computes."""

    model: Any
    device: torch.device

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Any:
        """Latents and log-determinant."""
        return self.model(x.to(self.device))


def prepare(setting: ScoreSetting) -> FlowOnDevice:
    """Return the flow.

    Raises
    ------
    ScoreUnavailableError
        If the model is none: it has no inverse, or its `forward` does not give D latents an image.
    """
    model, name = setting.model, type(setting.model).__name__
    if not (hasattr(model, "inverse") and hasattr(model, "forward")):
        raise ScoreUnavailableError(f"{name} has no latents z = f(x); only a flow has")
    events, flow = setting.train.events[:2], FlowOnDevice(model, setting.expansion.at.device)
    try:
        found = flow(events)
    except (NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ScoreUnavailableError(f"{name}: forward(x) fails ({type(error).__name__}: {reason})") from error
    if not isinstance(found, tuple) or not isinstance(found[0], Tensor) or found[0].numel() != events.numel():
        raise ScoreUnavailableError(f"{name}: forward(x) does not give latents z as large as x, and log|det df/dx|")
    return flow


def evaluate(flow: FlowOnDevice, images: ScoredImages) -> ScoreValues:
    """``|z|^2``."""
    parts = [flow(x)[0].flatten(1).square().sum(1) for x in images.events.split(IMAGES_AT_ONCE)]
    return ScoreValues(torch.cat(parts))


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
