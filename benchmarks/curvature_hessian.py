"""The dense 3072 x 3072 Hessian, and ten extreme eigenpairs by scipy's Lanczos, through the layers, on one thread.

float64, model A of `curvature_routes`. The eigenpairs (`eigsh`, largest in magnitude) are compared with the same call
on Hessian-vector products by jvp of grad. `peak_mb` is memory above the baseline in a process of its own; the Hessian
itself takes 75.5 of it. `target` is in seconds and megabytes for the Hessian, a ratio for the eigenpairs.
"""

from collections.abc import Callable

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor
from torch.func import grad, jvp

from benchmarks.curvature_models import SIZES, expansion_and_moments
from benchmarks.peak_memory import peak_megabytes
from benchmarks.row import Row
from benchmarks.timing import alternate
from curvature import Expansion, expand

MODEL, PAIRS, ROUNDS = "A3072", 10, 3
HESSIAN, FAST, REFERENCE = "dense Hessian", "ten eigenpairs, through the layers", "ten eigenpairs, jvp of grad"


def run() -> list[Row]:
    torch.set_num_threads(1)
    model, expansion, _ = expansion_and_moments(SIZES[MODEL], 1)
    eigenvalues = {
        FAST: eigenpairs(expansion, expansion.hvp),
        REFERENCE: eigenpairs(expansion, differentiated(expansion)),
    }
    timings = alternate(
        {
            HESSIAN: lambda: expand(model, at=expansion.at).hessian(),
            FAST: lambda: eigenpairs(expansion, expansion.hvp),
            REFERENCE: lambda: eigenpairs(expansion, differentiated(expansion)),
        },
        ROUNDS,
        warm_up=0,
    )
    difference = float(np.abs(eigenvalues[FAST] / eigenvalues[REFERENCE] - 1).max())
    ratio = timings[REFERENCE].cpu_ms / timings[FAST].cpu_ms
    targets = {HESSIAN: "12 s, 200 MB", FAST: "8 x", REFERENCE: None}
    return [
        {
            "candidate": name,
            "cpu_s": timing.cpu_ms / 1e3,
            "wall_s": timing.wall_ms / 1e3,
            "speed_up": {FAST: ratio, REFERENCE: 1.0}.get(name),
            "target": targets[name],
            "peak_mb": peak_megabytes(__name__, name),
            "difference": difference if name == FAST else None,
        }
        for name, timing in timings.items()
    ]


def differentiated(expansion: Expansion) -> Callable[[Tensor], Tensor]:
    """Products with H by forward-over-reverse differentiation, one vector at a time."""
    gradient = grad(lambda x: expansion.log_prob(x[None])[0])

    @torch.no_grad()
    def product(v: Tensor) -> Tensor:
        return jvp(gradient, (expansion.at,), (v,))[1]

    return product


def eigenpairs(expansion: Expansion, product: Callable[[Tensor], Tensor]) -> np.ndarray:
    """Ten eigenvalues of largest magnitude, sorted, from the same starting vector."""

    def matvec(v: np.ndarray) -> np.ndarray:
        return product(torch.from_numpy(v.reshape(expansion.event_shape))).numpy().ravel()

    D = expansion.dim
    operator = LinearOperator((D, D), matvec=matvec, dtype=np.float64)
    values, _ = eigsh(operator, k=PAIRS, which="LM", v0=np.ones(D))
    return np.sort(values)


def computation(name: str) -> Callable[[], object]:
    """Return one candidate for `peak_memory` to measure."""
    torch.set_num_threads(1)
    _, expansion, _ = expansion_and_moments(SIZES[MODEL], 1)
    for product in (expansion.hvp, differentiated(expansion)):
        product(expansion.at)
    return {
        HESSIAN: expansion.hessian,
        FAST: lambda: eigenpairs(expansion, expansion.hvp),
        REFERENCE: lambda: eigenpairs(expansion, differentiated(expansion)),
    }[name]
