"""Power and cross spectra of the channels: a covariance that is the same at every position.

It is the covariance averaged over all shifts of the images, whose borders are joined, so it is diagonal in the Fourier
basis but for the channels; draws are made by the fast Fourier transform.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.covariance_models.covariance_model import CovarianceModel, Draw, Forms
from analysis.covariance_models.square_root import square_root

SAMPLES_AT_ONCE = 512


def root(e: Float[Tensor, " N C H W"]) -> Draw:
    """Mix the channels of white noise, frequency by frequency, by the root of the cross spectra."""
    pixels = e.shape[2] * e.shape[3]
    spectra = sum(_cross_spectra(part) for part in e.split(SAMPLES_AT_ONCE)) / (len(e) * pixels)
    mixing = square_root(torch.as_tensor(spectra))
    return lambda xi: torch.fft.ifft2(torch.einsum("hwcd,kdhw->kchw", mixing, torch.fft.fft2(xi))).real


def _cross_spectra(e: Float[Tensor, " N C H W"]) -> Tensor:
    f = torch.fft.fft2(e)
    return torch.einsum("nchw,ndhw->hwcd", f, f.conj())


def forms(H: Float[Tensor, "C H W C H W"]) -> Forms:
    """``f' H_k f`` of the Fourier coefficients f of e, summed over frequencies k, with H averaged over shifts."""
    height, width = H.shape[1:3]
    shifted = torch.zeros_like(H[:, 0, 0])
    for row in range(height):
        for column in range(width):
            shifted += H[:, row, column].roll((-row, -column), (2, 3))
    # H e at pixel p is a sum over shifts s of the average at s times e at p + s: a correlation.
    transfer = torch.fft.fft2(shifted / (height * width)).conj()

    def evaluated(e: Float[Tensor, " N C H W"]) -> Float[Tensor, " N"]:
        f = torch.fft.fft2(e)
        return torch.einsum("nchw,cdhw,ndhw->n", f.conj(), transfer, f).real / (height * width)

    return evaluated


COVARIANCE_MODEL = CovarianceModel("stationary spectra", 50, "spatial correlation", root, forms)
