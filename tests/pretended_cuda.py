"""A CUDA device that is only pretended: tensors stay on the CPU, but no operation may mix them with those of the CPU.

Where there is no GPU, this shows what most often breaks on one: a tensor that was left or made on the other device.
Every storage is on one of the two devices. Operations on both at once raise as CUDA does, but for numbers (tensors of
no dimension), copies and indices, which CUDA also takes from the CPU. Tensors that torch makes inside an operation,
such as zero gradients, are on neither: really they are made where they are used.
"""

from contextlib import ExitStack, contextmanager

import torch
from torch._C import _functorch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

CUDA, CPU = torch.device("cuda", 0), torch.device("cpu")
COPIES = {"copy_", "_to_copy", "_copy_from"}
INDEXING = {"index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index"}
LIKE_THE_FIRST = {"__deepcopy__", "new_tensor", "new_zeros", "new_ones", "new_full", "new_empty"}


class Storages:
    """The storages on the pretended device, and on neither, kept so that no address is used twice."""

    def __init__(self):
        self.of_cuda, self.of_neither = {}, {}

    def is_on_cuda(self, tensor):
        return key_of(tensor) in self.of_cuda

    def is_somewhere(self, tensor):
        return key_of(tensor) not in self.of_neither

    def put(self, tensor, held):
        for each in (self.of_cuda, self.of_neither):
            each.pop(key_of(tensor), None)
        if held is not None:
            held[key_of(tensor)] = base_of(tensor).untyped_storage()


def base_of(tensor):
    """The tensor inside the wrappers of torch.func."""
    while _functorch.is_functorch_wrapped_tensor(tensor):
        tensor = _functorch.get_unwrapped(tensor)
    return tensor


def key_of(tensor):
    return base_of(tensor).untyped_storage()._cdata


def tensors_in(tree):
    return [each for each in tree_flatten(tree)[0] if isinstance(each, torch.Tensor)]


class Operations(TorchDispatchMode):
    """Refuses operations on both devices, and puts results where their arguments are."""

    def __init__(self, storages):
        super().__init__()
        self.storages, self.called, self.making = storages, "", False

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func._schema.name.split("::")[1]
        placed = [each for each in tensors_in((args, kwargs or {})) if self.storages.is_somewhere(each)]
        on_cuda = [self.storages.is_on_cuda(each) for each in placed]
        compared = [on for each, on in zip(placed, on_cuda, strict=True) if each.ndim]
        if name in INDEXING:
            compared = compared[:1]
        if name not in COPIES and any(compared) and not all(compared):
            raise RuntimeError(f"{name}: expected all tensors to be on the same device, cuda:0 and cpu")
        out = func(*args, **(kwargs or {}))
        if placed or self.making:
            to_cuda = self.making or (on_cuda[0] if name in COPIES else any(on_cuda))
            held = self.storages.of_cuda if to_cuda else None
        else:
            held = None if name == self.called else self.storages.of_neither
        for each in tensors_in(out) if held is not None else ():
            if not self.storages.is_on_cuda(each):
                self.storages.put(each, held)
        return out


class Functions(TorchFunctionMode):
    """Answers for the device of a tensor, moves tensors, and makes new ones where they are wanted."""

    def __init__(self, storages, operations):
        super().__init__()
        self.storages, self.operations = storages, operations

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        name = self.operations.called = getattr(func, "__name__", "")
        if func == torch.Tensor.device.__get__:
            return CUDA if self.storages.is_on_cuda(args[0]) else CPU
        if func == torch.Tensor.is_cuda.__get__:
            return self.storages.is_on_cuda(args[0])
        if name in ("numpy", "__array__") and self.storages.is_on_cuda(args[0]):
            raise TypeError("can't convert cuda:0 device type tensor to numpy; use Tensor.cpu() first")
        if name in ("to", "cuda", "cpu") and isinstance(args[0], torch.Tensor):
            return self.moved(name, *args, **kwargs)
        if kwargs.get("device") is not None:
            return self.made(func, args, kwargs)
        out = func(*args, **kwargs)
        if name in LIKE_THE_FIRST and isinstance(args[0], torch.Tensor):
            self.storages.put(out, self.storages.of_cuda if self.storages.is_on_cuda(args[0]) else None)
        return out

    def moved(self, name, tensor, *args, **kwargs):
        was = self.storages.is_on_cuda(tensor)
        wanted = {"cuda": CUDA, "cpu": CPU}.get(name)
        kwargs.pop("non_blocking", None)
        dtypes = []
        for each in (*args, kwargs.pop("device", None)):
            if isinstance(each, torch.Tensor):
                wanted = CUDA if self.storages.is_on_cuda(each) else CPU
                dtypes.append(each.dtype)
            elif isinstance(each, str | torch.device):
                wanted = torch.device(each)
            elif isinstance(each, torch.dtype):
                dtypes.append(each)
        target = was if wanted is None else wanted.type == "cuda"
        out = tensor.to(*dtypes, **kwargs) if dtypes or kwargs else tensor
        if target != was:
            out = out.clone()
            self.storages.put(out, self.storages.of_cuda if target else None)
        return out

    def made(self, func, args, kwargs):
        self.operations.making = torch.device(kwargs.pop("device")).type == "cuda"
        try:
            return func(*args, **kwargs, device=CPU)
        finally:
            self.operations.making = False


class GeneratorOfTheCpu(torch.Generator):
    """Takes the name of any device."""

    def __new__(cls, device="cpu"):
        return super().__new__(cls)


@contextmanager
def pretended_cuda(monkeypatch):
    """Pretend a CUDA device inside the block, in which `torch.device("cuda")` can be used."""
    storages = Storages()
    operations = Operations(storages)
    monkeypatch.setattr(torch, "Generator", GeneratorOfTheCpu)
    for name in ("synchronize", "empty_cache", "reset_peak_memory_stats"):
        monkeypatch.setattr(torch.cuda, name, lambda device=None: None)
    for name in ("memory_allocated", "max_memory_allocated"):
        monkeypatch.setattr(torch.cuda, name, lambda device=None: 10**6)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device=None: (10**10, 10**10))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device=None: "NVIDIA H100 80GB HBM3")
    with ExitStack() as stack:
        stack.enter_context(operations)
        stack.enter_context(Functions(storages, operations))
        yield CUDA
