"""Cost of the curvature ladder's path rungs: d'H(x)d at another x for every sample, a sample and node, on one thread.

float64, our Glow with random weights. `over_log_prob` is the ratio of median CPU times to the model's plain log_prob of
the same batch (alternating in one process), which we want at most 8; `images_per_s` is the rate at one node. The
reference differentiates the gradient (forward over reverse). The last rows are a whole ladder, `log p` and the rungs
path-1 to path-3, six nodes in all.
"""

from functools import partial

import torch
from torch import Tensor

from benchmarks.curvature_models import SIZES, Size, images, random_glow
from benchmarks.row import Row
from benchmarks.timing import alternate
from curvature import Expansion, evaluate_rungs, expand, prepare_rungs
from curvature.hessian.derivatives import directional_curvature

BATCHES = {"patches": 512, "A784": 128, "A3072": 64}
TARGET, ROUNDS, NODE = 8.0, 5, 1 / 3
LOG_PROB, JETS = "log_prob", "2-jet through the layers"
REVERSE, LADDER = "forward over reverse", "whole ladder, path-1 to path-3"


def run() -> list[Row]:
    torch.set_num_threads(1)
    return [row for name in BATCHES for row in table(name, SIZES[name], BATCHES[name])]


def table(name: str, size: Size, n: int) -> list[Row]:
    """Time every candidate on one model and one batch."""
    model, x = random_glow(size), images(size, n, seed=1)
    expansion = expand(model, at=x.mean(0))
    d = x - expansion.at
    candidates = {
        LOG_PROB: partial(model.log_prob, x),
        JETS: partial(curvatures, expansion, d, NODE),
        REVERSE: partial(directional_curvature, expansion.log_prob, expansion.at + NODE * d, d),
        LADDER: partial(evaluate_rungs, prepare_rungs(expansion, x, ("path-1", "path-2", "path-3")), x),
    }
    with torch.no_grad():
        timings = alternate(candidates, ROUNDS, warm_up=1)
    return [
        {
            "model": name,
            "candidate": candidate,
            "ms_per_image": timing.cpu_ms / n,
            "over_log_prob": timing.cpu_ms / timings[LOG_PROB].cpu_ms,
            "target": TARGET if candidate == JETS else None,
            "images_per_s": 1e3 * n / timing.cpu_ms,
        }
        for candidate, timing in timings.items()
    ]


def curvatures(expansion: Expansion, d: Tensor, t: float) -> Tensor:
    """``d'H(x0 + t d) d`` as the ladder computes it, block by block."""
    operator = expansion.operator
    return torch.cat([operator.along(expansion.at + t * block, block) for block in d.split(operator.samples_at_once)])
