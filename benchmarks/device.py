"""Waiting for a device, its memory, and the arithmetic of its float32 products."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch


def synchronise(device: torch.device) -> None:
    """Wait until a CUDA device has finished all of its work; the CPU has at once."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def peak_tensor_megabytes(computation: Callable[[], object], device: torch.device) -> float:
    """Most memory of tensors on a CUDA device during a computation above that before it, in 10^6 bytes."""
    synchronise(device)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    computation()
    synchronise(device)
    return (torch.cuda.max_memory_allocated(device) - before) / 1e6


def fits(computation: Callable[[], object], device: torch.device) -> bool:
    """Run a computation once; whether the memory of a CUDA device sufficed."""
    try:
        computation()
    except torch.OutOfMemoryError:
        torch.cuda.empty_cache()
        return False
    synchronise(device)
    return True


@contextmanager
def float32_products(tf32: bool) -> Iterator[None]:
    """Let CUDA round the factors of float32 products to TensorFloat-32 (10 bits of mantissa), or forbid it."""
    matmul, convolution = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    # torch's other switches (fp32_precision) may not be mixed with these, which torch.compile still reads.
    torch.set_float32_matmul_precision("high" if tf32 else "highest")
    torch.backends.cudnn.allow_tf32 = tf32
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(matmul)
        torch.backends.cudnn.allow_tf32 = convolution
