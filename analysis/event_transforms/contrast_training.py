"""The transform `contrast_training=LAMBDA`: shrink events towards the mean of the training images (eq. 13)."""

from analysis.event_setting import Events, EventSetting
from analysis.event_transforms.event_transform import EventTransform
from analysis.transforms.transform import Value, read_factor
from curvature.moments import Moments


def towards_training_mean(x: Events, value: Value, setting: EventSetting) -> Events:
    """``m + lambda (x - m)`` with m the training mean, dequantisation noise included: no rounding, no clipping."""
    mean = setting.training_mean().to(x)
    return mean + float(value or 0) * (x - mean)


def moments(before: Moments, value: Value, setting: EventSetting) -> Moments:
    """Shrink the mean towards that of the training images, and the covariance by lambda^2."""
    return before.contrast(float(value or 0), setting.training_mean())


TRANSFORM = EventTransform("contrast_training", towards_training_mean, read_factor, "LAMBDA", moments)
