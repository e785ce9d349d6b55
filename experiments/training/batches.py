"""The batch of every step: its images and their dequantisation noise (docs/theory.md, eq. 1)."""

import hashlib
from typing import Literal

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from analysis.dequantization import Cells, cell_noise, fill_cells, require_pixels
from curvature.errors import ShapeError, TooFewSamplesError
from experiments.training.device import holding_device
from experiments.training.randomness import seeded_generator


class Batches:
    """Training images, and the batch that each step sees.

    Every epoch goes through the images once in an order of its own and leaves out the incomplete batch at its end.

    Parameters
    ----------
    images
        8-bit pixels, at least one batch of them.
    batch_size
        Images in a batch.
    seed
        Seed of orders and noise.
    device
        Where the batches are made.
    on_device
        Whether the images are held there too: `yes`, `no` (they stay on the host, and every batch is moved), or `auto`
        for yes where they fit. The batches are the same bits.
    cells
        Where in their cells the pixels are put.

    Raises
    ------
    DtypeError
        If the images are not of dtype uint8.
    ShapeError
        If the images are not of shape [N, C, H, W].
    TooFewSamplesError
        If there are fewer images than one batch holds.
    """

    def __init__(
        self,
        images: UInt8[Tensor, "n c h w"],
        batch_size: int,
        seed: int,
        device: torch.device | str = "cpu",
        on_device: Literal["auto", "yes", "no"] = "auto",
        cells: Cells = "uniform",
    ) -> None:
        require_pixels(images, "training images")
        if images.ndim != 4:
            raise ShapeError(f"training images: expected shape [N, C, H, W], got {list(images.shape)}")
        if len(images) < batch_size:
            raise TooFewSamplesError(
                f"training images: expected at least one batch of {batch_size}, got {len(images)}; "
                "give more images or lower batch_size"
            )
        self.device = torch.device(device)
        self.images = images.to(holding_device(images, self.device, on_device))
        self.batch_size = batch_size
        self.seed = seed
        self.cells = cells
        self._order_of_epoch: tuple[int, Tensor] | None = None

    @property
    def batches_per_epoch(self) -> int:
        """Complete batches in one pass over the images."""
        return len(self.images) // self.batch_size

    def indices(self, step: int) -> Tensor:
        """Which images the batch of a step (counted from 0) holds."""
        epoch, position = divmod(step, self.batches_per_epoch)
        if self._order_of_epoch is None or self._order_of_epoch[0] != epoch:
            order = torch.randperm(len(self.images), generator=seeded_generator(self.seed, "order", epoch))
            self._order_of_epoch = (epoch, order.to(self.images.device))
        start = position * self.batch_size
        return self._order_of_epoch[1][start : start + self.batch_size]

    def at(
        self, step: int, dtype: torch.dtype = torch.float32, share: slice = slice(None)
    ) -> Float[Tensor, "batch c h w"]:
        """Dequantised batch of a step (counted from 0), pixels on the scale [0, 1], or a share of it.

        The noise is drawn for the whole batch, so that shares are parts of one and the same.
        """
        pixels = self.images[self.indices(step)[share]].to(self.device)
        shape = (self.batch_size, *self.images.shape[1:])
        generator = seeded_generator(self.seed, "noise", step, self.device)
        noise = cell_noise(self.cells, shape, generator, dtype, self.device)
        return fill_cells(pixels, noise[share])

    def head(self, count: int, dtype: torch.dtype = torch.float32) -> Float[Tensor, "count c h w"]:
        """Dequantise the first images of the set (all, where there are fewer), for the initialisation of a model."""
        pixels = self.images[:count].to(self.device)
        generator = seeded_generator(self.seed, "initialisation", 0, self.device)
        return fill_cells(pixels, cell_noise(self.cells, tuple(pixels.shape), generator, dtype, self.device))


def image_checksum(images: UInt8[Tensor, "n c h w"]) -> str:
    """Checksum of a set of images, order and shape included (sha256, hexadecimal)."""
    digest = hashlib.sha256(repr((str(images.dtype), tuple(images.shape))).encode())
    digest.update(images.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()
