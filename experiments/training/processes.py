"""The processes that train together: one alone, or several that torchrun started on one machine or many.

`accelerate.PartialState` finds the other processes, the device of each, and the way they talk (NCCL between GPUs, gloo
between CPUs). `accelerate.Accelerator` is not used, for two reasons: it fixes the precision of the arithmetic for the
whole Python process, so that two runs of different precision could not follow each other, and it wraps the model for
calls of `forward`, while likelihoods are calls of `log_prob`. Instead the processes add up their gradients here, in one
message a step that also carries the loss and the signals to stop.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Literal, TypeVar

import torch
from torch import Tensor

from curvature.errors import ConfigError, ToolkitError
from experiments.training.device import keep_float32_exact, select_device
from experiments.training.errors import MISTAKE, OtherProcessError

# Imported before there is a process group: functions in this module take the group that they find as the default of an
# argument, and a group that is kept after `leave` may abort the process at its end
# (https://github.com/pytorch/pytorch/issues/190489).
if torch.distributed.is_available():
    import torch.distributed.nn

T = TypeVar("T")

# The others wait while the main process evaluates and writes.
LONGEST_WAIT = timedelta(hours=2)


@contextmanager
def joined_processes(device: Literal["auto", "cpu", "cuda"]) -> Iterator["Processes"]:
    """Join the processes that train together (`Processes.join`), and leave them after the block.

    Only in the main process, which tells the user of it, does an error of the toolkit keep its kind.

    Raises
    ------
    ConfigError
        If CUDA is asked for and torch sees none.
    OtherProcessError
        In the other processes, in the place of any error of the toolkit.
    """
    processes = Processes.join(device)
    try:
        yield processes
    except ToolkitError as error:
        if processes.is_main or isinstance(error, OtherProcessError):
            raise
        raise OtherProcessError(str(error), getattr(error, "exit_code", MISTAKE)) from error
    finally:
        processes.leave()


class Processes:
    """One process and its companions; alone unless torchrun started it with others.

    Every method that talks to the others must be called by all of them at the same point.

    Parameters
    ----------
    device
        Where this process computes.
    index, count
        Which of how many processes it is; process 0 is the main one, which alone writes files.
    """

    def __init__(self, device: torch.device, index: int = 0, count: int = 1) -> None:
        self.device = device
        self.index = index
        self.count = count

    @classmethod
    def join(cls, device: Literal["auto", "cpu", "cuda"]) -> "Processes":
        """Find the companions, and this process's device: with CUDA, one GPU for each process of a machine.

        Raises
        ------
        ConfigError
            If CUDA is asked for and torch sees none.
        """
        from accelerate import PartialState  # imported here: reading a run does not need it

        selected = select_device(device)
        if selected.type == "cuda":
            keep_float32_exact()
        state = PartialState(cpu=selected.type == "cpu", timeout=LONGEST_WAIT)
        if state.num_processes == 1:
            return cls(selected)
        return cls(state.device, state.process_index, state.num_processes)

    @property
    def is_main(self) -> bool:
        """Whether this process writes the files."""
        return self.index == 0

    def share(self, count: int) -> slice:
        """The part of `count` items that this process takes; the parts differ by one item at most."""
        return slice(self.index * count // self.count, (self.index + 1) * count // self.count)

    def sum_(self, tensors: Sequence[Tensor]) -> None:
        """Replace every tensor by its sum over the processes, in place; the same bits everywhere, in one message."""
        if self.count == 1:
            return
        from accelerate.utils import reduce

        flat = reduce(torch.cat([tensor.reshape(-1) for tensor in tensors]), reduction="sum")
        for tensor, total in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(total.view(tensor.shape))

    def copy_from_main_(self, tensors: Sequence[Tensor]) -> None:
        """Replace every tensor by that of the main process, in place."""
        if self.count == 1:
            return
        from accelerate.utils import broadcast

        for tensor in tensors:
            tensor.copy_(broadcast(tensor.contiguous()))

    def from_main(self, make: Callable[[], T]) -> T:
        """Call `make` in the main process alone, and return what it returned in all of them.

        Raises
        ------
        OtherProcessError
            In the other processes, if it raised an error in the main one.
        """
        if self.count == 1:
            return make()
        from accelerate.utils import broadcast_object_list

        result: list[object] = [None, None]
        error: Exception | None = None
        if self.is_main:
            try:
                result[0] = make()
            except Exception as raised:  # of any kind: the others are waiting
                error = raised
                result[1] = str(raised) if isinstance(raised, ToolkitError) else f"{type(raised).__name__}: {raised}"
        broadcast_object_list(result)
        if error is not None:
            raise error
        if result[1] is not None:
            raise OtherProcessError(str(result[1]))
        return result[0]  # type: ignore[return-value]

    def in_all(self, make: Callable[[], T]) -> T:
        """Call `make` in every process, and return what it returned here; an error of one ends all of them.

        Raises
        ------
        ToolkitError
            In the main process: its own error, or one that says which other process met one.
        OtherProcessError
            In the other processes.
        """
        error, complaint = None, None
        try:
            result = make()
        except ToolkitError as raised:
            error, complaint = raised, str(raised)
        complaints = self.gather(complaint)
        first = next((index for index, each in enumerate(complaints) if each is not None), None)
        if first is None:
            return result
        if not self.is_main:
            raise OtherProcessError(str(complaints[first])) from error
        raise error or ToolkitError(f"process {first}: {complaints[first]}")

    def gather(self, value: T) -> list[T]:
        """Collect one value of every process, in order."""
        if self.count == 1:
            return [value]
        from accelerate.utils import gather_object

        return gather_object([value])

    def require_same(self, value: str, what: str) -> None:
        """Raise a ConfigError in every process unless all of them have the same value."""
        values = self.gather(value)
        others = [i for i, other in enumerate(values) if other != values[0]]
        if others:
            raise ConfigError(
                f"processes {', '.join(map(str, others))}: have another {what} than process 0; "
                "give all of them the same images and settings"
            )

    def leave(self) -> None:
        """Leave the process group at the end of the program."""
        if self.count > 1:
            from accelerate import PartialState

            PartialState().destroy_process_group()
