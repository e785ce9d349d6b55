"""A whole comparison, and the share of each rung: five sets of images under our Glow with random weights, one thread.

float64, every default rung, as `compare` evaluates them: the training images and four other sets. `cpu_s` is process
CPU time, `share` its part of the whole. Work that several rungs share counts for the rung that does it first: the
quadratic forms with H at x0 count for `full`. `over_final_rule` is the adaptive path's time over that of its final rule
alone, with the same nodes on the same samples; we want at most 1.2.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from benchmarks.curvature_models import SIZES, images, random_glow
from benchmarks.row import Row
from curvature import evaluate_rungs, expand, prepare_rungs
from curvature.ladder.evaluation import PreparedRungs
from curvature.ladder.registry import require_rungs
from curvature.ladder.rung import Rung

MODEL, IMAGES, CONTRASTS, TARGET = "A784", 128, (0.75, 0.5, 0.25), 1.2
PREPARATION, WHOLE = "preparation of all rungs", "whole comparison"


def run() -> list[Row]:
    torch.set_num_threads(1)
    model = random_glow(SIZES[MODEL])
    sets = image_sets()
    spent: dict[str, float] = defaultdict(float)
    begun = time.process_time()
    prepared = prepare_rungs(expand(model, at=sets[0].mean(0)), sets[0], n_samples=IMAGES * len(sets))
    spent[PREPARATION] = time.process_time() - begun
    prepared = clocked(prepared, spent)
    for x in sets:
        evaluate_rungs(prepared, x)
    whole = time.process_time() - begun
    rows: list[Row] = [
        {"candidate": name, "cpu_s": seconds, "share": seconds / whole, "over_final_rule": None, "target": None}
        for name, seconds in spent.items()
    ]
    rows.append({**rows[0], "candidate": WHOLE, "cpu_s": whole, "share": 1.0})
    adaptive = next(row for row in rows if row["candidate"] == "path")
    adaptive |= {"over_final_rule": spent["path"] / final_rule_seconds(prepared, sets), "target": TARGET}
    return rows


def image_sets() -> list[Tensor]:
    """Training images, others of the same kind, and those at lower contrast."""
    train, other = images(SIZES[MODEL], IMAGES, seed=1), images(SIZES[MODEL], IMAGES, seed=2)
    return [train, *(0.5 + contrast * (other - 0.5) for contrast in (1.0, *CONTRASTS))]


def clocked(prepared: PreparedRungs, spent: dict[str, float]) -> PreparedRungs:
    """Make every rung add the CPU time of its evaluations, in seconds, to `spent`."""
    rungs = tuple((replace(rung, evaluate=_clocked(rung, spent)), state) for rung, state in prepared.rungs)
    return replace(prepared, rungs=rungs)


def _clocked(rung: Rung, spent: dict[str, float]) -> Callable[..., Any]:
    def evaluate(state: Any, block: Any) -> Any:
        begun = time.process_time()
        found = rung.evaluate(state, block)
        spent[rung.name] += time.process_time() - begun
        return found

    return evaluate


def final_rule_seconds(prepared: PreparedRungs, sets: list[Tensor]) -> float:
    """CPU time in seconds of the curvatures that the adaptive path's final rule takes in addition to that at x0."""
    total = 0.0
    (path,) = require_rungs(["path"])
    alone = replace(prepared, rungs=tuple((path, state) for rung, state in prepared.rungs if rung.name == "path"))
    for x in sets:
        nodes = evaluate_rungs(alone, x).nodes["path"]
        operator, x0 = prepared.expansion.operator, prepared.expansion.at
        d = x - x0
        begun = time.process_time()
        for k in range(1, nodes):
            for rows in d.split(operator.samples_at_once):
                operator.along(x0 + (k / nodes) * rows, rows)
        total += time.process_time() - begun
    return total
