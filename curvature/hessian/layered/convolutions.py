"""Convolutions and 1x1 maps of images, by the fastest of torch's equivalent operations.

torch's float64 convolution on a CPU gathers patches of the INPUT channels, its transposed convolution scatters patches
of the OUTPUT channels; either is up to 11 times slower than the other if its own side has more channels. In float32
(oneDNN) and on CUDA (cuDNN) the plain operation is as fast. On maps of a few pixels both are slower than one product of
all rows with the convolution as a matrix: 3 to 20 times on 4x4 and 2x2 pixels, although most entries are zero.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from curvature.errors import RouteError

DENSE_PIXELS = 16
"""Largest map, in pixels, on which a float64 convolution is done as a product with a matrix."""


@dataclass(frozen=True, eq=False)
class PixelwiseMap:
    """The same affine map of the channels of every pixel, ``y = W x + b``: a 1x1 convolution, with actnorm folded in.

    Attributes
    ----------
    weight
        W, rows are output channels.
    bias
        b, ``[O, 1, 1]``.
    """

    weight: Float[Tensor, "O C"]
    bias: Float[Tensor, "O 1 1"] | None = None

    @cached_property
    def transposed(self) -> Float[Tensor, "C O"]:
        """``W'`` as a contiguous matrix."""
        return self.weight.T.contiguous()

    def push(self, t: Float[Tensor, "B C H W"]) -> Float[Tensor, "B O H W"]:
        """``W t`` at every pixel."""
        return _mix(self.weight, t)

    def pull(self, g: Float[Tensor, "B O H W"]) -> Float[Tensor, "B C H W"]:
        """``W' g`` at every pixel."""
        return _mix(self.transposed, g)


@dataclass(frozen=True, eq=False)
class Convolution:
    """A convolution of stride 1 with zero padding.

    Attributes
    ----------
    weight
        The kernel.
    bias
        ``[O, 1, 1]``.
    padding
        Zeros added on each side in height and in width, at most the kernel's size less one.
    """

    weight: Float[Tensor, "O C K L"]
    bias: Float[Tensor, "O 1 1"] | None
    padding: tuple[int, int]

    @classmethod
    def of(cls, module: nn.Conv2d, name: str) -> "Convolution | PixelwiseMap":
        """Describe a torch module; a 1x1 convolution becomes a `PixelwiseMap`.

        Raises
        ------
        RouteError
            If it is strided, dilated, grouped, or pads with anything but zeros; names the module.
        """
        size = tuple(module.kernel_size)
        if isinstance(module.padding, str):
            padding = tuple(k // 2 for k in size) if module.padding == "same" else (0, 0)
            even = module.padding == "same" and any(k % 2 == 0 for k in size)
        else:
            padding, even = tuple(module.padding), False
        plain = module.stride == module.dilation == (1, 1) and module.groups == 1 and module.padding_mode == "zeros"
        if not plain or even or any(p > k - 1 for p, k in zip(padding, size, strict=True)):
            raise RouteError(f"{name}: expected a plain convolution of stride 1 with zero padding, got {module}")
        bias = None if module.bias is None else module.bias.detach()[:, None, None]
        weight = module.weight.detach()
        if size == (1, 1):
            return PixelwiseMap(weight[:, :, 0, 0], bias)
        return cls(weight, bias, (padding[0], padding[1]))

    @cached_property
    def flipped(self) -> Float[Tensor, "C O K L"]:
        """The kernel of the transposed map: turned by 180 degrees, input and output channels exchanged."""
        return self.weight.flip(2, 3).transpose(0, 1).contiguous()

    @cached_property
    def transposed_padding(self) -> tuple[int, int]:
        """Padding with which the transposed kernel gives the same map."""
        height, width = self.weight.shape[2:]
        return height - 1 - self.padding[0], width - 1 - self.padding[1]

    @cached_property
    def is_slow(self) -> bool:
        """Whether torch has only its slow routines for this convolution."""
        return self.weight.dtype == torch.float64 and not self.weight.is_cuda

    @cached_property
    def narrows(self) -> bool:
        """Whether scattering to the output channels is faster than gathering the input channels."""
        outputs, inputs = self.weight.shape[:2]
        return self.is_slow and outputs < inputs

    @cached_property
    def keeps_size(self) -> bool:
        """Whether output maps are as large as input maps."""
        return self.padding == self.transposed_padding

    @cached_property
    def matrices(self) -> dict[tuple[int, int], Float[Tensor, "CHW OHW"]]:
        """Matrices of the convolution by height and width of the map; each is added when a map of its size comes."""
        return {}

    def push(self, t: Float[Tensor, "B C H W"]) -> Float[Tensor, "B O H2 W2"]:
        """Convolve every row."""
        if self._is_tiny(t):
            return (t.flatten(1) @ self._matrix(t)).view(-1, self.weight.shape[0], *t.shape[2:])
        return self._convolve(t)

    def pull(self, g: Float[Tensor, "B O H2 W2"]) -> Float[Tensor, "B C H W"]:
        """Apply the transposed convolution to every row."""
        if self._is_tiny(g):
            return (g.flatten(1) @ self._matrix(g).T).view(-1, self.weight.shape[1], *g.shape[2:])
        if self.narrows:
            return functional.conv2d(g, self.flipped, padding=self.transposed_padding)
        return functional.conv_transpose2d(g, self.weight, padding=self.padding)

    def _is_tiny(self, x: Tensor) -> bool:
        height, width = x.shape[2:]
        return self.is_slow and self.keeps_size and height * width <= DENSE_PIXELS

    def _matrix(self, x: Tensor) -> Float[Tensor, "CHW OHW"]:
        """Images of all unit maps of the size of `x` under the convolution, as rows."""
        height, width = x.shape[2:]
        if (height, width) not in self.matrices:
            entries = self.weight.shape[1] * height * width
            units = torch.eye(entries, dtype=self.weight.dtype).view(entries, -1, height, width)
            self.matrices[height, width] = self._convolve(units).flatten(1)
        return self.matrices[height, width]

    def _convolve(self, t: Float[Tensor, "B C H W"]) -> Float[Tensor, "B O H2 W2"]:
        if self.narrows:
            return functional.conv_transpose2d(t, self.flipped, padding=self.transposed_padding)
        return functional.conv2d(t, self.weight, padding=self.padding)


def _mix(weight: Float[Tensor, "O C"], x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B O H W"]:
    """Multiply the channels of every pixel by one matrix."""
    B, C, H, W = x.shape
    if B == 1:  # one vector, as Lanczos sends: a plain product, without the overhead of a batch
        return torch.mm(weight, x.reshape(C, H * W)).view(1, len(weight), H, W)
    if H * W <= DENSE_PIXELS:  # one product of all pixels of all rows, instead of a small one for each row
        return torch.einsum("oc,bcp->bop", weight, x.reshape(B, C, H * W)).reshape(B, len(weight), H, W)
    return torch.matmul(weight, x.reshape(B, C, H * W)).view(B, len(weight), H, W)
