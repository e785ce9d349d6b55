"""The transform `phase_scramble`: random phases in place of the image's own, the same ones in all channels.

Power spectra and cross spectra of the channels stay: what is left is all that a stationary covariance knows.
"""

from math import prod

import torch
from jaxtyping import Complex
from torch import Tensor

from analysis.dequantization import require_pixels
from analysis.transforms.transform import Images, Transform, Value, to_pixels
from curvature.moments import Moments

SEED = 10_005
"""Of the phases: the same images always get the same ones."""


def phase_scramble(images: Images, _: Value = None) -> Images:
    """Add to the phases those of white noise, whose spectrum belongs to a real image; the mean colour stays.

    Raises
    ------
    DtypeError
        If the images are not of dtype uint8.
    """
    require_pixels(images)
    count, _, height, width = images.shape
    noise = torch.randn(count, 1, height, width, generator=torch.Generator().manual_seed(SEED), dtype=torch.float64)
    spectrum = torch.fft.fft2(noise)
    turns = spectrum / spectrum.abs()
    turns[:, :, 0, 0] = 1
    return to_pixels(torch.fft.ifft2(torch.fft.fft2(images.double()) * turns).real)


def moments(before: Moments, _: Value = None) -> Moments:
    """Make the covariance stationary, with the mean spectra ``E F_k F_k^*`` of the images; the mean colour stays.

    Every frequency but the constant one has uniform phases, so that its amplitudes, those of the mean image included,
    become variance.
    """
    channels, height, width = before.event_shape
    n = height * width
    rows = torch.cat([before.columns(), before.mean[None]])
    F = torch.fft.fft2(rows).flatten(2)
    F[-1, :, 0] = 0  # the mean colour varies as much as before
    spectra = torch.einsum("rck,rdk->kcd", F, F.conj()) / n**2
    values, vectors = torch.linalg.eigh(spectra)
    amplitudes = vectors * values.clamp(min=0).sqrt()[:, None, :]
    waves = _waves(height, width)
    columns = torch.einsum("kca,kp->kacp", amplitudes, waves).reshape(-1, channels * n)
    factor = torch.cat([columns.real, columns.imag]).T.contiguous()
    mean = before.mean.mean((1, 2), keepdim=True).expand(before.event_shape).contiguous()
    return Moments(mean, factor, before.count)


def _waves(height: int, width: int) -> Complex[Tensor, "K P"]:
    """``exp(i k p)`` for all frequencies k and places p."""
    unit = torch.eye(prod((height, width)), dtype=torch.complex128).reshape(-1, height, width)
    return torch.fft.ifft2(unit).flatten(1) * (height * width)


TRANSFORM = Transform("phase_scramble", phase_scramble, moments=moments)
