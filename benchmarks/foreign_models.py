"""Exact Tr{H Sigma} of a full-rank covariance for flows of other libraries, against vectorised products, one thread.

float64, untrained flows of zuko, nflows, normflows and FrEIA: four coupling steps with perceptrons of two hidden
layers, SiLU (normflows: leaky ReLU), D = 784. Additive couplings describe their layers (`adjoint`); affine ones are
differentiated. `speed_up` is the ratio of median CPU times to forward-over-reverse products with their best chunk of 64
to 784 columns, candidates alternating in one process, the expansion made beforehand; `target` is the least wanted.
`tapped_speed_up` is that of the route for models that describe nothing. `peak_mb` is memory above the baseline for 512
columns at D = 3072 and the larger width, in a process of its own; 200 at most is wanted. Traces that disagree by more
than 1e-9 end the run.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import nn
from torch.nn import functional

from benchmarks.curvature_routes import REFERENCE, products, relative_differences
from benchmarks.peak_memory import peak_megabytes
from benchmarks.row import Row
from benchmarks.timing import alternate
from curvature import Expansion, Moments, expand
from curvature.errors import RouteError
from experiments.models.adapters import adapt

DIM, WIDTHS, STEPS = 784, (64, 256), 4
CHUNKS, ROUNDS, TARGET = (64, 128, 256, 784), 5, 3.0
MEMORY_DIM, MEMORY_COLUMNS = 3072, 512


def unavailable() -> str | None:
    """Say which library is missing, if one is."""
    try:
        for make in MODELS.values():
            make(8, 8)
    except ImportError as error:
        return f"{error}; pip install -e '.[zuko,nflows,normflows,freia]'"
    return None


def run() -> list[Row]:
    torch.set_num_threads(1)
    return [row(name, width) for width in WIDTHS for name in MODELS]


def row(name: str, width: int) -> Row:
    """Time one model."""
    expansion, moments = expansion_and_moments(name, DIM, DIM, width)
    by_chunk = {str(chunk): partial(products(expansion), moments, chunk) for chunk in CHUNKS}
    trials = alternate(by_chunk, rounds=2, warm_up=1)
    chunk = min(CHUNKS, key=lambda each: trials[str(each)].cpu_ms)
    candidates: dict[str, Callable[[], float]] = {REFERENCE: by_chunk[str(chunk)]}
    candidates["exact"] = lambda: float(expansion.trace(moments))
    if allows_tapped(expansion, moments):
        candidates["tapped"] = lambda: float(expansion.trace(moments, "tapped"))
    differences = relative_differences({candidate: compute() for candidate, compute in candidates.items()})
    timings = alternate(candidates, ROUNDS, warm_up=1)
    reference, found = timings[REFERENCE].cpu_ms, expansion.trace(moments)
    tapped = timings["tapped"].cpu_ms if "tapped" in timings else None
    return {
        "model": name,
        "width": width,
        "route": found.route,
        "products_ms": reference,
        "chunk": chunk,
        "exact_ms": timings["exact"].cpu_ms,
        "speed_up": reference / timings["exact"].cpu_ms,
        "target": TARGET if "additive" in name else None,
        "tapped_speed_up": None if tapped is None else reference / tapped,
        "peak_mb": peak_megabytes(__name__, name, str(width)) if width == max(WIDTHS) else None,
        "difference": differences["exact"],
    }


def allows_tapped(expansion: Expansion, moments: Moments) -> bool:
    """Whether the model is made of linear maps and elementwise activations."""
    try:
        expansion.trace(moments, "tapped")
    except RouteError:
        return False
    return True


def expansion_and_moments(name: str, dim: int, rank: int, width: int) -> tuple[Expansion, Moments]:
    """Expand about a point in [0, 1]; the covariance has decreasing eigenvalues and `rank` columns."""
    torch.manual_seed(0)
    factor = torch.randn(dim, rank, dtype=torch.float64) * (0.1 / torch.arange(1, rank + 1, dtype=torch.float64))
    moments = Moments(torch.rand(dim, dtype=torch.float64), factor, count=rank + 1)
    return expand(adapt(MODELS[name](dim, width)), at=moments.mean), moments


def computation(name: str, width: str) -> Callable[[], object]:
    """Return the trace for `peak_memory` to measure, after a first run that loads torch's lazy parts."""
    torch.set_num_threads(1)
    expansion, moments = expansion_and_moments(name, MEMORY_DIM, MEMORY_COLUMNS, int(width))
    expansion.trace(Moments(moments.mean, moments.factor[:, :1].contiguous(), moments.count))
    return lambda: expansion.trace(moments)


def zuko_nice(dim: int, width: int, additive: bool) -> nn.Module:
    import zuko

    settings = {"univariate": zuko.transforms.AdditiveTransform, "shapes": [()]} if additive else {}
    return zuko.flows.NICE(dim, transforms=STEPS, hidden_features=(width, width), activation=nn.SiLU, **settings)


def nflows_real_nvp(dim: int, width: int, additive: bool) -> nn.Module:
    from nflows.flows.realnvp import SimpleRealNVP

    return SimpleRealNVP(dim, width, STEPS, 1, use_volume_preserving=additive, activation=functional.silu)


def normflows_real_nvp(dim: int, width: int, additive: bool) -> nn.Module:
    import normflows

    steps: list[nn.Module] = []
    for _ in range(STEPS):
        sizes = [dim // 2, width, width, dim // 2 if additive else dim]
        network = normflows.nets.MLP(sizes, leaky=0.1, init_zeros=False)
        steps += [
            normflows.flows.AffineCouplingBlock(network, scale=not additive),
            normflows.flows.Permute(dim, mode="swap"),
        ]
    return normflows.NormalizingFlow(normflows.distributions.DiagGaussian(dim, trainable=False), steps)


def freia_sequence(dim: int, width: int, block: str) -> nn.Module:
    """Each block has two couplings, so half as many blocks."""
    from FrEIA import framework, modules

    def network(into: int, out: int) -> nn.Module:
        hidden = [nn.Linear(into, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU()]
        return nn.Sequential(*hidden, nn.Linear(width, out))

    sequence = framework.SequenceINN(dim)
    for seed in range(STEPS // 2):
        sequence.append(getattr(modules, block), subnet_constructor=network)
        sequence.append(modules.PermuteRandom, seed=seed)
    return sequence


MODELS: dict[str, Callable[[int, int], nn.Module]] = {
    "zuko NICE, additive": partial(zuko_nice, additive=True),
    "nflows RealNVP, additive": partial(nflows_real_nvp, additive=True),
    "normflows RealNVP, additive": partial(normflows_real_nvp, additive=True),
    "FrEIA NICE, additive": partial(freia_sequence, block="NICECouplingBlock"),
    "zuko NICE, affine": partial(zuko_nice, additive=False),
    "nflows RealNVP, affine": partial(nflows_real_nvp, additive=False),
    "normflows RealNVP, affine": partial(normflows_real_nvp, additive=False),
    "FrEIA GLOW, affine": partial(freia_sequence, block="GLOWCouplingBlock"),
}
