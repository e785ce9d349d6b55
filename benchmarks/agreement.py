"""Whether a device computes what the CPU does: routes and rungs in float64, float32 with and without TF32, same bits.

Our Glow with random weights, 28 x 28 gray images. `float64`: relative difference of every route's trace, and of other
results, to the CPU's, at most `tolerance`. `float32`: log p (`bits/dim`, the largest difference over images), gradient
and trace (relative) against float64 on the CPU; TF32 rounds the factors of every product to 10 bits, and has no
tolerance: its rows show what it costs. `same bits`: five training steps, twice with the same seed; the largest
difference of a weight, 0 with `torch.use_deterministic_algorithms`. On the CPU the comparison is with itself.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor

from benchmarks.curvature_models import SIZES, Size, images, random_glow
from benchmarks.device import float32_products
from benchmarks.row import Row
from benchmarks.setting import CPU, Choice, Setting
from benchmarks.step_candidates import EAGER, HALF
from benchmarks.step_measurement import training_step
from curvature import Expansion, Moments, evaluate_rungs, expand, prepare_rungs
from curvature.units import bits_per_dim
from experiments.models.registry import build, configuration
from experiments.training.config import TrainingConfig

SAMPLES = Choice(cpu=64, cuda=64, tiny=6)
MODELS = Choice(cpu="A784", cuda="A784", tiny="tiny")
ROUTES = ("adjoint", "jet", "tapped", "hvp", "dense")
RUNGS = ("diagonal", "full", "taylor2", "mean-curvature", "path-1", "path-3", "path")
ROUNDING, SINGLE = 1e-9, 1e-3
STEPS, BATCH = 5, 16
CUBLAS_WORKSPACE = ":4096:8"
"""cuBLAS is deterministic with workspaces of a fixed size; it reads the variable when it is used first."""


def run(setting: Setting) -> Iterator[Row]:
    torch.set_num_threads(1)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", CUBLAS_WORKSPACE)
    size, n = SIZES[MODELS.of(setting)], SAMPLES.of(setting)
    yield from double_rows(size, n, setting.device)
    yield from single_rows(size, n, setting.device)
    yield from repetition_rows(size, setting.device)


def double_rows(size: Size, n: int, device: torch.device) -> Iterator[Row]:
    """Every result in float64, on the device and on the CPU."""
    expected, found = results(size, n, CPU), results(size, n, device)
    for name, value in expected.items():
        yield row("float64", name, relative(found[name], value), ROUNDING)


def results(size: Size, n: int, device: torch.device) -> dict[str, Tensor]:
    """What the two devices are compared by, on the CPU."""
    x = images(size, n, seed=1).to(device)
    p, q = Moments.from_samples(x), Moments.from_samples(images(size, n, seed=2).to(device))
    expansion = expand(random_glow(size).to(device), at=p.mean)
    found = {"log p": expansion.log_prob(x), "gradient": expansion.gradient, "diagonal of H": expansion.diagonal()}
    found |= {f"trace, {route}": torch.tensor(float(expansion.trace(p, route))) for route in ROUTES}
    found["trace of a difference, adjoint"] = torch.tensor(float(expansion.trace(q, "adjoint", versus=p)))
    found["covariance"] = p.covariance()
    rungs = evaluate_rungs(prepare_rungs(expansion, x, RUNGS), x)
    found |= {f"rung {name}": values for name, values in rungs.values.items()}
    return {name: value.detach().cpu().double() for name, value in found.items()}


def single_rows(size: Size, n: int, device: torch.device) -> Iterator[Row]:
    """float32 on the device against float64 on the CPU, without TF32 and with it."""
    x, model = images(size, n, seed=1), random_glow(size)
    p = Moments.from_samples(x)
    exact = single_results(expand(model, at=p.mean), x, p)
    for tf32, tolerance in ((False, SINGLE), (True, None)):
        with float32_products(tf32):
            rounded = expand(model.to(device), at=p.mean.to(device), dtype=torch.float32)
            found = single_results(rounded, x.to(device), p.to(device))
        arithmetic = "float32, TF32" if tf32 else "float32"
        bits = [bits_per_dim(values["log p"], size.dim) for values in (found, exact)]
        yield row(arithmetic, "log p (bits/dim)", float((bits[0] - bits[1]).abs().max()), tolerance)
        for name in ("gradient", "trace, adjoint"):
            yield row(arithmetic, name, relative(found[name], exact[name]), tolerance)


def single_results(expansion: Expansion, x: Tensor, p: Moments) -> dict[str, Tensor]:
    columns = p.columns().to(expansion.at)
    trace = sum(expansion.quadratic(rows).double().sum() for rows in columns.split(64))
    found = {"log p": expansion.log_prob(x.to(expansion.at)), "gradient": expansion.gradient, "trace, adjoint": trace}
    return {name: torch.as_tensor(value).detach().cpu().double() for name, value in found.items()}


def repetition_rows(size: Size, device: torch.device) -> Iterator[Row]:
    """Train twice alike, with torch's default algorithms and with deterministic ones."""
    for name, training in (("float32", EAGER), ("bfloat16", HALF)):
        for deterministic in (False, True):
            label = "deterministic algorithms" if deterministic else "default algorithms"
            try:
                with deterministic_algorithms(deterministic):
                    first, second = (trained(size, training, device) for _ in range(2))
            except RuntimeError as error:
                yield row(name, f"same bits, {label}", None, 0.0, note=str(error).splitlines()[0])
                continue
            moved = max(float((first[key] - second[key]).abs().max()) for key in first)
            yield row(name, f"same bits, {label}", moved, 0.0 if deterministic else None)


@contextmanager
def deterministic_algorithms(wanted: bool) -> Iterator[None]:
    """Let torch use deterministic algorithms only, and raise a RuntimeError where an operation has none."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(wanted)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


def trained(size: Size, training: TrainingConfig, device: torch.device) -> Mapping[str, Tensor]:
    """Weights after a few steps."""
    model = build(configuration("glow", levels=size.levels, steps=size.steps, width=size.width), size.shape)
    step: Callable[[], object] = training_step(model, replace(training, batch_size=BATCH), device)
    for _ in range(STEPS):
        step()
    return {name: parameter.detach().cpu() for name, parameter in model.named_parameters()}


def relative(found: Tensor, expected: Tensor) -> float:
    """Euclidean norm of the difference over that of what was expected."""
    return float((found - expected).norm() / expected.norm().clamp_min(torch.finfo(torch.float64).tiny))


def row(arithmetic: str, quantity: str, difference: float | None, tolerance: float | None, note: str = "") -> Row:
    """One comparison; it holds unless there is a tolerance that it exceeds."""
    fails = tolerance is not None and (difference is None or not difference <= tolerance)
    return {
        "arithmetic": arithmetic,
        "quantity": quantity,
        "difference": difference,
        "tolerance": tolerance,
        "holds": None if tolerance is None else ("NO" if fails else "yes"),
        "note": note,
    }
