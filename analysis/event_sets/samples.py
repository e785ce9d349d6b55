"""The input set `samples=TEMPERATURE`: the model's own samples, with latents scaled by the temperature."""

import torch

from analysis.event_sets.event_set import EventSet
from analysis.event_setting import Events, EventSetting
from analysis.event_transforms.decode import decode
from analysis.transforms.transform import Value, read_factor


@torch.no_grad()
def make(temperature: Value, count: int, setting: EventSetting, generator: torch.Generator) -> Events:
    """Draw samples; another temperature than 1 scales their latents and decodes them again.

    Raises
    ------
    OptionError
        If the model has no method `sample`, or no inverse where the temperature is not 1.
    """
    sample = setting.require("sample", f"samples={temperature}")
    events: Events = sample(count, generator)
    return events if temperature == 1 else decode(events, temperature, setting)


EVENT_SET = EventSet("samples", "TEMPERATURE", read_factor, make)
