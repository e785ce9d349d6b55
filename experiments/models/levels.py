"""How many levels a multi-scale flow can have on images of a size. This module does not import torch."""

from curvature.errors import ShapeError


def halvings(extent: int) -> int:
    """How often an extent can be halved.

    >>> halvings(28), halvings(32)
    (2, 5)
    """
    return (extent & -extent).bit_length() - 1


def fitted_levels(levels: int, event_shape: tuple[int, ...], name: str) -> int:
    """The number of levels, or as many as the images can be halved for.

    Parameters
    ----------
    levels
        How many are wanted.
    event_shape
        Shape of the images.
    name
        The model with its article, for the error: "a Glow".

    Raises
    ------
    ShapeError
        If they cannot be halved once.
    """
    _, height, width = event_shape
    fitting = min(levels, halvings(height), halvings(width))
    if not fitting:
        raise ShapeError(
            f"{name} halves height and width of images once at least, and those of {height} x {width} pixels cannot be "
            "halved; choose an even size (embedded images: an even patch size)"
        )
    return fitting


def require_divisible(event_shape: tuple[int, ...], levels: int) -> None:
    """Refuse images that a flow of so many levels does not take.

    Raises
    ------
    ShapeError
        If the shape is not (C, H, W) with height and width divisible by 2^levels.
    """
    factor = 2**levels
    if len(event_shape) != 3 or min(event_shape) < 1:
        raise ShapeError(f"Expected an image shape (C, H, W) of positive sizes, got {tuple(event_shape)}.")
    _, height, width = event_shape
    if height % factor or width % factor:
        raise ShapeError(
            f"A flow of {levels} levels needs height and width divisible by {factor}, got {height}x{width}; "
            f"pad or crop the images, or use fewer levels."
        )
