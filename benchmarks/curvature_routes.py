"""Exact Tr{H Sigma} of a full-rank covariance by every route, against vectorised Hessian-vector products, one thread.

float64, our Glow with random weights, two levels: A has 4 steps of width 32 in each level, B 8 of width 64; D = 784 or
3072. `speed_up` is the ratio of median CPU times to forward-over-reverse products with their best chunk, candidates
alternating in one process; `over_floor` that to pushing the same tangents once through the bare network, with the same
convolutions and nothing of second order; `over_adjoint` that to our default route. `target` is the least speed-up
wanted of `adjoint`, and the least `over_adjoint` wanted of jet-for-pytorch, which has its best chunk too. `peak_mb` is
memory above the baseline, in a process of its own, for 512 columns. Candidates that disagree by more than 1e-9 end the
run.
"""

from collections.abc import Callable, Iterable
from functools import partial

import torch

from benchmarks.curvature_models import SIZES, expansion_and_moments
from benchmarks.jet_for_pytorch import TaylorModeUnavailableError, Trace, taylor_mode_trace
from benchmarks.peak_memory import peak_megabytes
from benchmarks.row import Row
from benchmarks.timing import alternate
from curvature import Expansion, Moments
from curvature.hessian.adjoint import LayeredHessian
from curvature.hessian.derivatives import hessian_vector_products
from curvature.hessian.layered.flow import dot
from curvature.hessian.layered.linearisation import push

TARGETS, TAYLOR_TARGET = {"A784": 5.0, "A3072": 4.0, "B784": 8.0}, 1.8
REFERENCE, FLOOR = "products (vmap of jvp of grad)", "floor: tangents alone"
TAYLOR = "jet-for-pytorch, collapsed Taylor mode"
DEFAULT = "adjoint"
ROUTES = {DEFAULT: "adjoint", "2-jet": "jet", "tapped (hooks)": "tapped"}
TOLERANCE = 1e-9
# Enough columns for several chunks of any size: memory that is freed and allocated again between chunks has a cost.
CHUNKS, TRIAL_COLUMNS = (4, 8, 16, 32, 64), 192
ROUNDS, MEMORY_COLUMNS = 3, 512


def run() -> list[Row]:
    torch.set_num_threads(1)
    return [row for name in TARGETS for row in table(name)]


def table(name: str) -> list[Row]:
    """Time every candidate on one model; a last row says why jet-for-pytorch is not among them."""
    _, expansion, moments = expansion_and_moments(SIZES[name], SIZES[name].dim)
    chunked: dict[str, Trace] = {REFERENCE: products(expansion)}
    skipped = []
    try:
        chunked[TAYLOR] = taylor_mode_trace(expansion.log_prob, expansion.at)
    except TaylorModeUnavailableError as error:
        skipped.append(str(error))
    chunks = {candidate: best_chunk(trace, moments) for candidate, trace in chunked.items()}
    candidates = {**routes(expansion, moments, chunks), FLOOR: floor(expansion, moments)}
    differences = relative_differences({k: candidate() for k, candidate in candidates.items() if k != FLOOR})
    timings = alternate(candidates, ROUNDS, warm_up=0)
    rows: list[Row] = [
        {
            "model": name,
            "candidate": f"{candidate}, chunk {chunks[candidate]}" if candidate in chunks else candidate,
            "cpu_s": timings[candidate].cpu_ms / 1e3,
            "wall_s": timings[candidate].wall_ms / 1e3,
            "speed_up": timings[REFERENCE].cpu_ms / timings[candidate].cpu_ms,
            "target": {DEFAULT: TARGETS[name], TAYLOR: TAYLOR_TARGET}.get(candidate),
            "over_floor": timings[candidate].cpu_ms / timings[FLOOR].cpu_ms,
            "over_adjoint": timings[candidate].cpu_ms / timings[DEFAULT].cpu_ms,
            "peak_mb": None if candidate == FLOOR else peak(name, candidate, chunks),
            "difference": differences.get(candidate),
        }
        for candidate in candidates
    ]
    return [*rows, *({**dict.fromkeys(rows[0]), "model": name, "candidate": reason} for reason in skipped)]


def routes(expansion: Expansion, moments: Moments, chunks: dict[str, int]) -> dict[str, Callable[[], float]]:
    """Every route to the trace, the reference first, and jet-for-pytorch's if `chunks` has it."""

    def named(route: str) -> Callable[[], float]:
        return lambda: float(expansion.trace(moments, route))

    found: dict[str, Callable[[], float]] = {REFERENCE: partial(products(expansion), moments, chunks[REFERENCE])}
    found |= {candidate: named(route) for candidate, route in ROUTES.items()}
    if TAYLOR in chunks:
        found[TAYLOR] = partial(taylor_mode_trace(expansion.log_prob, expansion.at), moments, chunks[TAYLOR])
    return found


def products(expansion: Expansion) -> Trace:
    """The reference: one Hessian-vector product a column, vectorised over `chunk` columns."""

    def trace(moments: Moments, chunk: int) -> float:
        columns = moments.columns().contiguous()
        found = hessian_vector_products(expansion.log_prob, expansion.at, columns, chunk)
        return sum(float((v * Hv).sum()) for v, Hv in zip(columns.split(chunk), found, strict=True))

    return trace


def relative_differences(values: dict[str, float]) -> dict[str, float]:
    """Compare every candidate's trace with the reference's.

    Raises
    ------
    ArithmeticError
        If one differs, because its time would then mean nothing.
    """
    differences = {candidate: abs(value / values[REFERENCE] - 1) for candidate, value in values.items()}
    for candidate, difference in differences.items():
        if not difference <= TOLERANCE:
            raise ArithmeticError(f"{candidate}: the trace differs by {difference:.2g} from that of {REFERENCE}")
    return differences


def floor(expansion: Expansion, moments: Moments) -> Callable[[], float]:
    """Compute ``|J F|^2`` only: linear maps, and a multiplication by the slope at each activation."""
    operator = LayeredHessian.of(expansion.operator.point)
    flow, slopes, columns = operator.linearisation.flow, operator.linearisation.slopes, moments.columns()

    def push_tangents() -> float:
        total = 0.0
        for v in columns.split(operator.rows_at_once):
            Jv = flow.forward(v, push, lambda activation, h: h.mul_(slopes[activation]))
            total += float(dot(Jv, Jv).sum())
        return total

    return push_tangents


def best_chunk(trace: Trace, moments: Moments, chunks: Iterable[int] = CHUNKS) -> int:
    """Find the number of columns at once at which a route is fastest."""
    few = Moments(moments.mean, moments.factor[:, :TRIAL_COLUMNS].contiguous(), moments.count)
    trials = {str(chunk): partial(trace, few, chunk) for chunk in chunks}
    timings = alternate(trials, rounds=2, warm_up=1)
    return int(min(timings, key=lambda chunk: timings[chunk].cpu_ms))


def peak(name: str, candidate: str, chunks: dict[str, int]) -> float | None:
    """Measure the peak memory (10^6 bytes) of one candidate."""
    return peak_megabytes(__name__, name, candidate, str(chunks.get(candidate, 1)))


def computation(name: str, candidate: str, chunk: str) -> Callable[[], object]:
    """Return one candidate for `peak_memory` to measure, after a first run that loads torch's lazy parts."""
    torch.set_num_threads(1)
    _, expansion, moments = expansion_and_moments(SIZES[name], MEMORY_COLUMNS)
    few = Moments(moments.mean, moments.factor[:, :1].contiguous(), moments.count)
    chunks = {REFERENCE: 1, candidate: int(chunk)}
    routes(expansion, few, chunks)[candidate]()
    return routes(expansion, moments, chunks)[candidate]
