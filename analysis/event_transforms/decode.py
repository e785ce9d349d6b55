"""The transform `decode=LAMBDA`: scale the latents of events, and decode them again.

For a constant-volume flow with the prior N(0, sigma^2) this changes log p by exactly ``(1 - lambda^2) |z|^2 / (2
sigma^2)`` nats: lambda 0 gives the mode of the density, the likeliest of all events.
"""

import torch
from torch import Tensor

from analysis.event_setting import Events, EventSetting
from analysis.event_transforms.event_transform import EventTransform
from analysis.transforms.transform import Value, read_factor
from curvature.errors import OptionError

DECODED_AT_ONCE = 64


@torch.no_grad()
def decode(x: Events, value: Value, setting: EventSetting) -> Events:
    """Return ``f^{-1}(lambda f(x))``.

    Raises
    ------
    OptionError
        If the model has no `inverse`, or does not return latents as one tensor.
    """
    what = f"decode={value:g}" if isinstance(value, float) else "decode"
    inverse = setting.require("inverse", what)
    decoded = []
    for part in x.split(DECODED_AT_ONCE):
        found = setting.model(part)
        if not isinstance(found, tuple) or not isinstance(found[0], Tensor):
            raise OptionError(f"{what}: {type(setting.model).__name__} does not return (latents, log-determinant)")
        decoded.append(inverse(float(value or 0) * found[0]))
    return torch.cat(decoded)


TRANSFORM = EventTransform("decode", decode, read_factor, "LAMBDA")
