"""The transform `shuffle`: move the pixels of each image to random places; its colours stay."""

from math import prod

import torch

from analysis.dequantization import require_pixels
from analysis.transforms.transform import Images, Transform, Value
from curvature.accumulation import symmetric_factor
from curvature.moments import Moments

SEED = 10_003
"""Of the places: the same images always get the same ones."""


def shuffle(images: Images, _: Value = None) -> Images:
    """Permute the places of every image, by a permutation of its own for all of its channels.

    Raises
    ------
    DtypeError
        If the images are not of dtype uint8.
    """
    require_pixels(images)
    count, _, height, width = images.shape
    keys = torch.rand(count, height * width, generator=torch.Generator().manual_seed(SEED))
    places = keys.argsort(1)[:, None].expand(-1, images.shape[1], -1)
    return images.flatten(2).gather(2, places).reshape(images.shape)


def moments(before: Moments, _: Value = None) -> Moments:
    """Average the second moments of channels over all pairs of places.

    With n places, A the mean of ``E x_i x_i'`` over places i, B that of ``E x_i x_j'`` over i != j, and m the mean
    colour, the covariance is ``(A + (n-1) B - n m m') P + (A - B) (I - P)`` over channels and places, where P averages
    over places.
    """
    channels, places = before.event_shape[0], prod(before.event_shape[1:])
    rows = torch.cat([before.columns(), before.mean[None]]).reshape(-1, channels, places)
    total = rows.sum(2)
    same = torch.einsum("rcp,rdp->cd", rows, rows) / places
    different = (torch.einsum("rc,rd->cd", total, total) - places * same) / (places * max(places - 1, 1))
    colour = before.mean.reshape(channels, places).mean(1)
    averaged = symmetric_factor(same + (places - 1) * different - places * torch.outer(colour, colour))
    around = symmetric_factor(same - different)
    constant = torch.full((places, 1), places**-0.5, dtype=same.dtype)
    factor = torch.cat(
        [torch.kron(averaged, constant), torch.kron(around, torch.eye(places, dtype=same.dtype) - 1 / places)], 1
    )
    mean = colour[:, None].expand(channels, places).reshape(before.event_shape).contiguous()
    return Moments(mean, factor, before.count)


TRANSFORM = Transform("shuffle", shuffle, moments=moments)
