"""What a transform of events is: its name, how its value is read, and what it does to what a model takes."""

from collections.abc import Callable
from dataclasses import dataclass

from analysis.event_setting import Events, EventSetting
from analysis.transforms.transform import Value
from curvature.moments import Moments


@dataclass(frozen=True)
class EventTransform:
    """One transform, made by one file of `analysis.event_transforms`.

    It maps events in double precision to events: nothing is rounded or dequantised again.

    Attributes
    ----------
    name
        As in the name of an input set.
    apply
        The new events, given the events, the value and the model's setting.
    read
        Turns the text of the value into the value; raises `UnknownNameError` or `PixelRangeError` where it cannot.
    placeholder
        How the help writes the value, such as ``LAMBDA``.
    moments
        The moments of the new events, exactly; None where they are not known.
    """

    name: str
    apply: Callable[[Events, Value, EventSetting], Events]
    read: Callable[[str], Value]
    placeholder: str
    moments: Callable[[Moments, Value, EventSetting], Moments] | None = None
