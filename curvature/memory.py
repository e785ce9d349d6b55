"""How many samples or tangents fit a memory budget at once."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from curvature.errors import OptionError
from curvature.precision import LogDensity

DEFAULT_MEMORY_BUDGET = 2**28  # bytes

# Beyond this many columns nothing is gained: perceptrons at D = 784 take half the time of 64 columns, and convolutions,
# whose working set leaves the cache much earlier, are held to fewer by the memory budget.
MAX_COLUMNS = 256

# For each value that reverse mode saves, forward-over-reverse holds the value, its tangent, the cotangent and the
# cotangent's tangent; twice as much again covers temporaries and the allocator (measured on a Glow).
BYTES_PER_SAVED_BYTE = 12

# Rows that pass through layers without autograd leave no graph: memory holds the widest rows, their image, temporaries.
ROW_COPIES = 8
CACHED_BYTES = 3 * 2**20
MAX_ROWS = 1024


def columns_within(memory_budget: float, log_prob: LogDensity, x0: Float[Tensor, "*event"]) -> int:
    """Number of samples or tangents whose second derivatives fit `memory_budget` bytes: 1 to 256, on a GPU to 1024.

    One sample's share is measured: the bytes that autograd saves for two samples less those for one, which leaves out
    the model's weights, times a fixed factor.

    Raises
    ------
    OptionError
        If the budget is not positive, or log_prob passes no gradient to its input.
    """
    if not memory_budget > 0:
        raise OptionError(f"memory_budget: expected a positive number of bytes, got {memory_budget}")
    one, two = (saved_bytes(log_prob, x0.expand(n, *x0.shape)) for n in (1, 2))
    per_sample = BYTES_PER_SAVED_BYTE * max(two - one, x0.element_size() * x0.numel())
    return int(min(max(memory_budget // per_sample, 1), MAX_COLUMNS if x0.device.type == "cpu" else MAX_ROWS))


def rows_within(memory_budget: float, row_bytes: int, device: torch.device) -> int:
    """Number of rows to pass through a flow's layers at once, of `row_bytes` each where they are widest.

    The widest rows of all of them fit the memory budget, and a CPU's cache if that is smaller. A GPU has no cache of
    use here, and needs many rows to be busy.
    """
    fitting = min(memory_budget / ROW_COPIES, CACHED_BYTES if device.type == "cpu" else math.inf) // row_bytes
    return int(min(max(fitting, 1), MAX_ROWS))


def saved_bytes(log_prob: LogDensity, x: Float[Tensor, " B *event"]) -> int:
    """Bytes that autograd saves for the gradient of log p in the batch, each storage counted once.

    Raises
    ------
    OptionError
        If log_prob passes no gradient to its input.
    """
    storages: dict[int, int] = {}

    def pack(saved: Tensor) -> Tensor:
        storage = saved.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        return saved

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(pack, lambda saved: saved):
        log_p = log_prob(x.clone().requires_grad_())
    if not log_p.requires_grad:
        raise OptionError("log_prob: passes no gradient to x; remove torch.no_grad() or detach() inside it")
    return sum(storages.values())
