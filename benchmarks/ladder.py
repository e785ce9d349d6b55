"""Cost of the curvature ladder's path rungs: d'H(x)d at another x for every sample, a sample and node, on one thread.

float64, our Glow with random weights. `over_log_prob` is the ratio of median CPU times to the model's plain log_prob of
the same batch (alternating in one process), which we want at most 8; `images_per_s` is the rate at one node. The
reference differentiates the gradient (forward over reverse). The last rows are a whole ladder, `log p` and the rungs
path-1 to path-3, six nodes in all. On a CUDA device ratios are of wall times, the published colour size is added, and a
last row for each model of 32 x 32 images is everything that `compare` evaluates, every default rung and its
preparation, on many images: `seconds` in all, and `target_s` the most that is wanted.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from benchmarks.curvature_models import SIZES, images, random_glow
from benchmarks.device import synchronise
from benchmarks.row import Row
from benchmarks.setting import Choice, Setting
from benchmarks.timing import alternate
from curvature import Expansion, evaluate_rungs, expand, prepare_rungs
from curvature.hessian.derivatives import directional_curvature

TARGET, ROUNDS, NODE = 8.0, 5, 1 / 3
LOG_PROB, JETS = "log_prob", "2-jet through the layers"
REVERSE, LADDER = "forward over reverse", "whole ladder, path-1 to path-3"


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Attributes
    ----------
    batches
        Images of each model.
    reverse_parts
        Parts of a batch that are differentiated one after the other, for less memory.
    everything
        Images on which all default rungs are evaluated, by model, and the most seconds wanted.
    adds
        Whether rows have columns for these.
    """

    batches: Mapping[str, int]
    reverse_parts: int = 1
    everything: Mapping[str, tuple[int, float | None]] = field(default_factory=dict)
    adds: bool = False


PLANS = Choice(
    cpu=Plan({"patches": 512, "A784": 128, "A3072": 64}),
    cuda=Plan(
        {"A3072": 1024, "patches": 4096, "A784": 2048, "paper3072": 256},
        reverse_parts=4,
        everything={"A3072": (10_000, 60.0), "paper3072": (500, None)},
        adds=True,
    ),
    tiny=Plan({"tiny": 8}, reverse_parts=2, everything={"tiny": (16, 60.0)}, adds=True),
)


def run(setting: Setting) -> Iterator[Row]:
    torch.set_num_threads(1)
    plan = PLANS.of(setting)
    for name in plan.batches:
        yield from table(name, plan, setting.device)


def table(name: str, plan: Plan, device: torch.device) -> list[Row]:
    """Time every candidate on one model and one batch."""
    n, size = plan.batches[name], SIZES[name]
    model, x = random_glow(size).to(device), images(size, n, seed=1).to(device)
    expansion = expand(model, at=x.mean(0))
    d = x - expansion.at
    candidates = {
        LOG_PROB: partial(model.log_prob, x),
        JETS: partial(curvatures, expansion, d, NODE),
        REVERSE: partial(reverse_curvatures, expansion, d, NODE, plan.reverse_parts),
        LADDER: partial(evaluate_rungs, prepare_rungs(expansion, x, ("path-1", "path-2", "path-3")), x),
    }
    with torch.no_grad():
        timings = alternate(candidates, ROUNDS, warm_up=1, device=device)
    added: Row = {"seconds": None, "target_s": None} if plan.adds else {}
    rows: list[Row] = [
        {
            "model": name,
            "candidate": candidate,
            "ms_per_image": timing.cost_ms / n,
            "over_log_prob": timing.cost_ms / timings[LOG_PROB].cost_ms,
            "target": TARGET if candidate == JETS else None,
            "images_per_s": 1e3 * n / timing.cost_ms,
            **added,
        }
        for candidate, timing in timings.items()
    ]
    if name in plan.everything:
        rows.append(every_rung(name, *plan.everything[name], timings[LOG_PROB].cost_ms / n, expansion))
    return rows


def every_rung(name: str, n: int, target: float | None, log_prob_ms: float, expansion: Expansion) -> Row:
    """Prepare and evaluate all default rungs on many images, once."""
    x, device = images(SIZES[name], n, seed=2).to(expansion.at.device), expansion.at.device
    synchronise(device)
    begun = time.perf_counter()
    evaluate_rungs(prepare_rungs(expansion, x), x)
    synchronise(device)
    seconds = time.perf_counter() - begun
    return {
        "model": name,
        "candidate": f"every default rung, {n} images",
        "ms_per_image": 1e3 * seconds / n,
        "over_log_prob": 1e3 * seconds / n / log_prob_ms,
        "target": None,
        "images_per_s": n / seconds,
        "seconds": seconds,
        "target_s": target,
    }


def reverse_curvatures(expansion: Expansion, d: Tensor, t: float, parts: int) -> Tensor:
    """The same as `curvatures` by differentiating the gradient, the batch in so many parts."""
    blocks = d.tensor_split(parts)
    return torch.cat([directional_curvature(expansion.log_prob, expansion.at + t * block, block) for block in blocks])


def curvatures(expansion: Expansion, d: Tensor, t: float) -> Tensor:
    """``d'H(x0 + t d) d`` as the ladder computes it, block by block."""
    operator = expansion.operator
    return torch.cat([operator.along(expansion.at + t * block, block) for block in d.split(operator.samples_at_once)])
