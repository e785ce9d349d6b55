"""Invertible 1x1 convolution in LU form (Kingma & Dhariwal 2018, arXiv 1807.03039, section 3.2)."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from experiments.models.bijection import Bijection


class InvertibleConvolution(Bijection):
    """Mix the channels of every pixel by one invertible matrix: `y = W x`, `W = P L (U + diag(s))`.

    `P` is a fixed permutation, `L` unit lower triangular, `U` strictly upper triangular, and `s` has fixed signs, so
    `W` stays invertible and the log-determinant is exactly `H W sum log|s|`. It starts as a random rotation.

    The parameter `lower_upper` [C, C] packs all three: `L` below the diagonal, `log|s|` on it, `U` above it, so that
    every entry counts.

    Parameters
    ----------
    channels : int
        Number of channels C.
    generator : torch.Generator
        Draws the rotation that it starts from.
    """

    permutation: Int[Tensor, " C"]
    sign: Float[Tensor, " C"]

    def __init__(self, channels: int, generator: torch.Generator) -> None:
        super().__init__()
        normal = torch.randn(channels, channels, generator=generator, dtype=torch.float64)
        rotation = torch.linalg.qr(normal).Q
        permutation, lower, upper = torch.linalg.lu(rotation)
        diagonal = upper.diagonal()
        packed = lower.tril(-1) + upper.triu(1) + diagonal.abs().log().diag()
        self.lower_upper = nn.Parameter(packed.to(torch.get_default_dtype()))
        self.register_buffer("permutation", permutation.argmax(dim=1))
        self.register_buffer("sign", diagonal.sign().to(torch.get_default_dtype()))

    @property
    def is_constant_log_det(self) -> bool:
        """Always: a linear map."""
        return True

    def kernel(self) -> Float[Tensor, " C C"]:
        """Return `W`, rows are output channels."""
        upper = self._upper()
        # L = I + strictly lower part: adding `upper` once saves building the identity.
        return torch.addmm(upper, self.lower_upper.tril(-1), upper).index_select(0, self.permutation)

    def inverse_kernel(self) -> Float[Tensor, " C C"]:
        """Return `W^{-1}`, solved in float64 whatever the parameters' precision."""
        lower, upper = self.lower_upper.double(), self._upper().double()
        permuted_identity = torch.eye(len(lower), dtype=lower.dtype, device=lower.device)[self.permutation].mT
        half = torch.linalg.solve_triangular(lower, permuted_identity, upper=False, unitriangular=True)
        return torch.linalg.solve_triangular(upper, half, upper=True).to(self.lower_upper.dtype)

    def log_abs_det(self) -> Float[Tensor, ""]:
        """Return `log|det W| = sum log|s|`, in nats per pixel."""
        return self.lower_upper.diagonal().sum()

    def forward(self, x: Float[Tensor, "B C H W"]) -> tuple[Float[Tensor, "B C H W"], Float[Tensor, ""]]:
        """Mix the channels; return also the scalar log-determinant in nats."""
        y = functional.conv2d(x, self.kernel()[:, :, None, None])
        return y, self.log_abs_det() * (x.shape[-2] * x.shape[-1])

    def inverse(self, y: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        """Mix the channels by `W^{-1}`."""
        return functional.conv2d(y, self.inverse_kernel()[:, :, None, None])

    def extra_repr(self) -> str:
        """Show the number of channels."""
        return f"{len(self.sign)}"

    def _upper(self) -> Float[Tensor, " C C"]:
        """`U + diag(s)`."""
        return self.lower_upper.triu(1) + torch.diag(self.sign * self.lower_upper.diagonal().exp())
