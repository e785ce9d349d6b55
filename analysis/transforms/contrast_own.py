"""The transform `contrast_own=LAMBDA`: shrink pixels towards the mean colour of their own image."""

from analysis.transforms.transform import Pixels, Value, affine_transform, read_factor


def towards_own_mean(x: Pixels, value: Value) -> Pixels:
    """``m + lambda (x - m)`` with m the mean of each channel of each image: 0 leaves the image's mean colour alone."""
    mean = x.mean((2, 3), keepdim=True)
    return mean + float(value or 0) * (x - mean)


TRANSFORM = affine_transform("contrast_own", towards_own_mean, read_factor, placeholder="LAMBDA")
