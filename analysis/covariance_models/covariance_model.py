"""What a covariance model is: which statistic of the images' covariance it keeps (docs/theory.md, eq. 88)."""

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

Draw = Callable[[Float[Tensor, " K C H W"]], Float[Tensor, " K C H W"]]
Forms = Callable[[Float[Tensor, " N C H W"]], Float[Tensor, " N"]]


@dataclass(frozen=True)
class CovarianceModel:
    """An orthogonal projection M of covariances of images, made by one file of `analysis.covariance_models`.

    Attributes
    ----------
    name
        As tables write it.
    order
        Place in the ladder; models of a lower number keep less.
    adds
        What the step from the model before it brings in.
    root
        From centred images: the linear map that turns white noise into draws with the covariance ``M(Sigma)``.
    forms
        From a symmetric matrix H ``[C, H, W, C, H, W]``: the quadratic forms ``e' M(H) e`` of images e, whose mean over
        centred images is ``Tr{H M(Sigma)}``, because M is its own adjoint.
    """

    name: str
    order: int
    adds: str
    root: Callable[[Float[Tensor, " N C H W"]], Draw]
    forms: Callable[[Float[Tensor, "C H W C H W"]], Forms]


def diagonal_of(H: Float[Tensor, "C H W C H W"]) -> Float[Tensor, "C H W"]:
    """Diagonal of a matrix over images, as an image."""
    D = H[0, 0, 0].numel()
    return H.reshape(D, D).diagonal().reshape(H.shape[:3])
