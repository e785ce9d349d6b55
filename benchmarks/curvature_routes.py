"""Exact Tr{H Sigma} of a full-rank covariance by every route, against vectorised Hessian-vector products, one thread.

float64, our Glow with random weights, two levels: A has 4 steps of width 32 in each level, B 8 of width 64; D = 784 or
3072. `speed_up` is the ratio of median CPU times to forward-over-reverse products with their best chunk, candidates
alternating in one process; `over_floor` that to pushing the same tangents once through the bare network, with the same
convolutions and nothing second-order. `peak_mb` is memory above the baseline, in a process of its own, for 512 columns.
"""

import sys
from collections.abc import Callable, Iterable

import torch

from benchmarks.curvature_models import SIZES, expansion_and_moments
from benchmarks.peak_memory import peak_megabytes
from benchmarks.timing import alternate
from curvature import Expansion, Moments
from curvature.derivatives import hessian_vector_products
from curvature.layered.flow import dot
from curvature.layered.linearisation import push

TARGETS = {"A784": 5.0, "A3072": 4.0, "B784": 8.0}
REFERENCE, FLOOR = "products (vmap of jvp of grad)", "floor: tangents alone"
ROUTES = {"adjoint": "adjoint", "2-jet": "jet", "tapped (hooks)": "tapped"}
CHUNKS, TRIAL_COLUMNS = (4, 8, 16, 32, 64), 64
ROUNDS, MEMORY_COLUMNS = 3, 512

Row = dict[str, str | float | None]


def run() -> list[Row]:
    torch.set_num_threads(1)
    return [row for name in TARGETS for row in table(name)]


def table(name: str) -> list[Row]:
    """Time every candidate on one model."""
    _, expansion, moments = expansion_and_moments(SIZES[name], SIZES[name].dim)
    assert expansion.tapped_model is not None
    chunk = best_chunk(expansion, moments)
    candidates = {**routes(expansion, moments, chunk), FLOOR: floor(expansion, moments)}
    values = {route: candidate() for route, candidate in candidates.items()}
    timings = alternate(candidates, ROUNDS, warm_up=0)
    rows: list[Row] = [
        {
            "model": name,
            "candidate": f"{route}, chunk {chunk}" if route == REFERENCE else route,
            "cpu_s": timings[route].cpu_ms / 1e3,
            "wall_s": timings[route].wall_ms / 1e3,
            "speed_up": timings[REFERENCE].cpu_ms / timings[route].cpu_ms,
            "target": TARGETS[name] if route == "adjoint" else None,
            "over_floor": timings[route].cpu_ms / timings[FLOOR].cpu_ms,
            "peak_mb": None if route == FLOOR else peak_megabytes(__name__, name, route, str(chunk)),
            "difference": None if route == FLOOR else abs(values[route] / values[REFERENCE] - 1),
        }
        for route in candidates
    ]
    version = ".".join(map(str, sys.version_info[:2]))
    skipped = f"jet-for-pytorch: skipped (needs Python >= 3.12 and rules of its own, this is {version})"
    return [*rows, {**dict.fromkeys(rows[0]), "model": name, "candidate": skipped}]


def routes(expansion: Expansion, moments: Moments, chunk: int) -> dict[str, Callable[[], float]]:
    """Every route to the trace, the reference first."""

    def named(route: str) -> Callable[[], float]:
        return lambda: float(expansion.trace(moments, route))

    return {REFERENCE: lambda: products(expansion, moments, chunk), **{k: named(v) for k, v in ROUTES.items()}}


def products(expansion: Expansion, moments: Moments, chunk: int) -> float:
    """The reference: one Hessian-vector product a column, vectorised over `chunk` columns."""
    columns = moments.columns().contiguous()
    found = hessian_vector_products(expansion.log_prob, expansion.at, columns, chunk)
    return sum(float((v * Hv).sum()) for v, Hv in zip(columns.split(chunk), found, strict=True))


def floor(expansion: Expansion, moments: Moments) -> Callable[[], float]:
    """Only ``|J F|^2``: linear maps, and a multiplication by the slope at each activation."""
    linearised = expansion.require_linearisation()
    flow, slopes, columns = linearised.flow, linearised.slopes, moments.columns()

    def push_tangents() -> float:
        total = 0.0
        for v in columns.split(expansion.columns_at_once):
            Jv = flow.forward(v, push, lambda activation, h: h.mul_(slopes[activation]))
            total += float(dot(Jv, Jv).sum())
        return total

    return push_tangents


def best_chunk(expansion: Expansion, moments: Moments, chunks: Iterable[int] = CHUNKS) -> int:
    """Find the number of columns at which the reference is fastest."""
    few = Moments(moments.mean, moments.factor[:, :TRIAL_COLUMNS].contiguous(), moments.count)
    trials = {str(chunk): (lambda c=chunk: products(expansion, few, c)) for chunk in chunks}
    timings = alternate(trials, rounds=2, warm_up=1)
    return int(min(timings, key=lambda chunk: timings[chunk].cpu_ms))


def computation(name: str, route: str, chunk: str) -> Callable[[], object]:
    """What `peak_memory` measures: one route, with everything it needs at hand, torch's lazy parts loaded."""
    torch.set_num_threads(1)
    _, expansion, moments = expansion_and_moments(SIZES[name], MEMORY_COLUMNS)
    few = Moments(moments.mean, moments.factor[:, :1].contiguous(), moments.count)
    routes(expansion, few, 1)[route]()
    return routes(expansion, moments, int(chunk))[route]
