"""Exact Tr{H Sigma} of a full-rank covariance by every route, against vectorised Hessian-vector products, one thread.

float64, our Glow with random weights, two levels: A has 4 steps of width 32 in each level, B 8 of width 64; D = 784 or
3072. `speed_up` is the ratio of median CPU times to forward-over-reverse products with their best chunk, candidates
alternating in one process; `over_floor` that to pushing the same tangents once through the bare network, with the same
convolutions and nothing of second order; `over_adjoint` that to our default route. `target` is the least speed-up
wanted of `adjoint`, and the least `over_adjoint` wanted of jet-for-pytorch, which has its best chunk too. `peak_mb` is
memory above the baseline, in a process of its own, for 512 columns. Candidates that disagree by more than 1e-9 end the
run. On a CUDA device ratios are of wall times, memory is that of tensors, and three candidates and the published colour
size (3 levels of 8 steps, width 400) are added; `target_s` is the longest time wanted of `adjoint`.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import torch

from benchmarks.curvature_models import SIZES, expansion_and_moments
from benchmarks.device import fits, peak_tensor_megabytes
from benchmarks.jet_for_pytorch import TaylorModeUnavailableError, Trace, taylor_mode_trace
from benchmarks.peak_memory import peak_megabytes
from benchmarks.row import Row
from benchmarks.setting import CPU, Choice, Setting
from benchmarks.timing import alternate
from benchmarks.trace_candidates import by_function_hessian, by_route, floor, products, with_budget
from curvature import Expansion, Moments

TAYLOR_TARGET = 1.8
REFERENCE, FLOOR = "products (vmap of jvp of grad)", "floor: tangents alone"
TAYLOR, FUNCTION = "jet-for-pytorch, collapsed Taylor mode", "torch.func.hessian"
DEFAULT, ROOMY = "adjoint", "adjoint, memory budget 8 GiB"
ROUTES = {DEFAULT: "adjoint", "2-jet": "jet", "tapped (hooks)": "tapped"}
TOLERANCE, ROOMY_BYTES = 1e-9, 2**33
ROUNDS, MEMORY_COLUMNS = 3, 512


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Attributes
    ----------
    targets
        By model: the least speed-up of `adjoint` wanted.
    chunks
        Numbers of columns at once to choose from.
    trial_columns
        Enough for several chunks of any size: memory that is freed and allocated again between chunks has a cost.
    adds
        Whether to add the dense Hessians and a larger memory budget.
    target_seconds
        By model: the longest time of `adjoint` wanted.
    trial_rounds
        Timed rounds of each number of columns.
    seconds
        No model begins after this time.
    memory
        Whether to measure memory.
    """

    targets: Mapping[str, float | None]
    chunks: tuple[int, ...]
    trial_columns: int
    adds: bool = False
    target_seconds: Mapping[str, float] = field(default_factory=dict)
    trial_rounds: int = 2
    seconds: float = math.inf
    memory: bool = True


CPU_TARGETS: Mapping[str, float | None] = {"A784": 5.0, "A3072": 4.0, "B784": 8.0}
CUDA_TARGETS: Mapping[str, float | None] = {"A3072": 5.0, "A784": None, "B784": None, "paper3072": 5.0}
PLANS = Choice(
    cpu=Plan(CPU_TARGETS, (4, 8, 16, 32, 64), 192),
    cuda=Plan(CUDA_TARGETS, (16, 64, 256, 1024), 1024, True, {"A3072": 0.3}, trial_rounds=1, seconds=90),
    tiny=Plan({"tiny": None}, (16, 64), 32, True, {"tiny": 0.3}, trial_rounds=1, memory=False),
)


def run(setting: Setting) -> Iterator[Row]:
    torch.set_num_threads(1)
    plan, begun = PLANS.of(setting), time.monotonic()
    for name in plan.targets:
        if time.monotonic() - begun < plan.seconds:
            yield from table(name, plan, setting.device)


def table(name: str, plan: Plan, device: torch.device) -> list[Row]:
    """Time every candidate on one model; last rows say why a candidate is not among them."""
    _, expansion, moments = expansion_and_moments(SIZES[name], SIZES[name].dim, device)
    chunked: dict[str, Trace] = {REFERENCE: products(expansion)}
    skipped: list[str] = []
    try:
        chunked[TAYLOR] = taylor_mode_trace(expansion.log_prob, expansion.at)
    except TaylorModeUnavailableError as error:
        skipped.append(str(error))
    chunks = {}
    for candidate, trace in chunked.items():
        try:
            chunks[candidate] = best_chunk(trace, moments, plan, device)
        except torch.OutOfMemoryError:
            skipped.append(f"{candidate}: out of memory")
    candidates = {**routes(expansion, moments, chunks, plan.adds), FLOOR: floor(expansion, moments)}
    if device.type != "cpu":
        too_large = [candidate for candidate, computation in candidates.items() if not fits(computation, device)]
        candidates = {name: candidates[name] for name in candidates if name not in too_large}
        skipped += [f"{candidate}: out of memory" for candidate in too_large]
    differences = relative_differences({k: candidate() for k, candidate in candidates.items() if k != FLOOR})
    timings = alternate(candidates, ROUNDS, warm_up=0, device=device)
    rows: list[Row] = [
        {
            "model": name,
            "candidate": f"{candidate}, chunk {chunks[candidate]}" if candidate in chunks else candidate,
            "cpu_s": timings[candidate].cpu_ms / 1e3,
            "wall_s": timings[candidate].wall_ms / 1e3,
            **({"target_s": plan.target_seconds.get(name) if candidate == DEFAULT else None} if plan.adds else {}),
            "speed_up": timings[REFERENCE].cost_ms / timings[candidate].cost_ms,
            "target": {DEFAULT: plan.targets[name], TAYLOR: TAYLOR_TARGET}.get(candidate),
            "over_floor": timings[candidate].cost_ms / timings[FLOOR].cost_ms,
            "over_adjoint": timings[candidate].cost_ms / timings[DEFAULT].cost_ms,
            "peak_mb": peak(name, candidate, chunks, device) if plan.memory and candidate != FLOOR else None,
            "difference": differences.get(candidate),
        }
        for candidate in candidates
    ]
    return [*rows, *({**dict.fromkeys(rows[0]), "model": name, "candidate": reason} for reason in skipped)]


def routes(
    expansion: Expansion, moments: Moments, chunks: Mapping[str, int], adds: bool = False
) -> dict[str, Callable[[], float]]:
    """Every route to the trace, the reference first, and jet-for-pytorch's if `chunks` has it."""
    found: dict[str, Callable[[], float]] = {REFERENCE: partial(products(expansion), moments, chunks[REFERENCE])}
    found |= {candidate: partial(by_route, expansion, moments, route) for candidate, route in ROUTES.items()}
    if adds:
        found[ROOMY] = partial(by_route, with_budget(expansion, ROOMY_BYTES), moments, "adjoint")
        found["dense Hessian through the layers"] = partial(by_route, expansion, moments, "dense")
        found[FUNCTION] = partial(by_function_hessian, expansion, moments)
    if TAYLOR in chunks:
        found[TAYLOR] = partial(taylor_mode_trace(expansion.log_prob, expansion.at), moments, chunks[TAYLOR])
    return found


def relative_differences(values: Mapping[str, float]) -> dict[str, float]:
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


def best_chunk(trace: Trace, moments: Moments, plan: Plan, device: torch.device) -> int:
    """Find the number of columns at once at which a route is fastest.

    Raises
    ------
    torch.OutOfMemoryError
        If the memory suffices for none.
    """
    few = Moments(moments.mean, moments.factor[:, : plan.trial_columns].contiguous(), moments.count)
    trials = {str(chunk): partial(trace, few, chunk) for chunk in plan.chunks}
    trials = {chunk: trial for chunk, trial in trials.items() if device.type == "cpu" or fits(trial, device)}
    if not trials:
        raise torch.OutOfMemoryError
    timings = alternate(trials, plan.trial_rounds, warm_up=1, device=device)
    return int(min(timings, key=lambda chunk: timings[chunk].cost_ms))


def peak(name: str, candidate: str, chunks: Mapping[str, int], device: torch.device) -> float | None:
    """Measure the peak memory (10^6 bytes) of one candidate."""
    chunk = str(chunks.get(candidate, 1))
    if device.type == "cpu":
        return peak_megabytes(__name__, name, candidate, chunk)
    return peak_tensor_megabytes(computation(name, candidate, chunk, device), device)


def computation(name: str, candidate: str, chunk: str, device: torch.device = CPU) -> Callable[[], object]:
    """Return one candidate whose memory is measured, after a first run that loads torch's lazy parts."""
    torch.set_num_threads(1)
    _, expansion, moments = expansion_and_moments(SIZES[name], MEMORY_COLUMNS, device)
    few = Moments(moments.mean, moments.factor[:, :1].contiguous(), moments.count)
    chunks = {REFERENCE: 1, candidate: int(chunk)}
    routes(expansion, few, chunks, adds=True)[candidate]()
    return routes(expansion, moments, chunks, adds=True)[candidate]
