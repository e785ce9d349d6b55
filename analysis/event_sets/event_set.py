"""What an input set is that a model itself makes."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from analysis.event_setting import Events, EventSetting
from analysis.transforms.transform import Value


@dataclass(frozen=True)
class EventSet:
    """One kind of events that a model makes, made by one file of `analysis.event_sets`.

    Attributes
    ----------
    name
        As in the name of an input set, before the equals sign.
    placeholder
        How the help writes the value, such as ``TEMPERATURE``.
    read
        Turns the text of the value into the value; raises `UnknownNameError` or `PixelRangeError` where it cannot.
    make
        The events, given the value, their number, the model's setting and the source of randomness.
    """

    name: str
    placeholder: str
    read: Callable[[str], Value]
    make: Callable[[Value, int, EventSetting, torch.Generator], Events]
