"""The flows that the contract of test_contract.py runs over; one line here adds a flow to every test."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from experiments.models.config import SMOOTH_ACTIVATIONS
from experiments.models.families.glow.config import GlowConfig
from experiments.models.families.glow.flow import Glow
from experiments.models.families.nice.config import NICEConfig
from experiments.models.families.nice.flow import NICE
from experiments.models.families.realnvp.config import RealNVPConfig
from experiments.models.families.realnvp.flow import RealNVP
from experiments.models.families.transformer.config import TransformerConfig
from experiments.models.families.transformer.flow import TransformerFlow
from experiments.models.flow import Flow
from experiments.models.prior import GaussianPrior
from tests.curvature.toy_flows import ClosedFormFlow, CouplingFlow, LinearFlow, MixingFlow

AnyFlow = TypeVar("AnyFlow", bound=Flow)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(flow: Flow, n: int, seed: int = 1) -> Tensor:
    """Smooth random events in [0, 1], in the model's precision."""
    return torch.rand(n, *flow.event_shape, generator=seeded(seed), dtype=torch.float64).to(flow.prior.log_scale.dtype)


def randomise(flow: AnyFlow, seed: int = 2, size: float = 0.15) -> AnyFlow:
    """Return a copy with every weight perturbed: a coupling that starts at zero, or a rotation, proves nothing."""
    flow = copy.deepcopy(flow)
    generator = seeded(seed)
    with torch.no_grad():
        for parameter in flow.parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.add_(size * noise.to(parameter.dtype))
    return flow


def trained(flow: AnyFlow) -> AnyFlow:
    """The flow in float64, initialised and with non-trivial weights."""
    flow = flow.double()
    flow.initialise(images(flow, 40))
    return randomise(flow)


def glow(event_shape: tuple[int, int, int], seed: int = 0, **config: object) -> Glow:
    """An initialised Glow in float64 with non-trivial weights."""
    return trained(Glow(event_shape, GlowConfig(**{"steps": 2, "width": 6, **config}), seed))  # type: ignore[arg-type]


def realnvp(event_shape: tuple[int, int, int], **config: object) -> RealNVP:
    """An initialised RealNVP in float64 with non-trivial weights."""
    sizes = {"couplings": 2, "width": 4, "blocks": 1, **config}
    return trained(RealNVP(event_shape, RealNVPConfig(**sizes)))  # type: ignore[arg-type]


def nice(event_shape: tuple[int, int, int], **config: object) -> NICE:
    """An initialised NICE in float64 with non-trivial weights."""
    return trained(NICE(event_shape, NICEConfig(**{"width": 6, "couplings": 3, **config})))  # type: ignore[arg-type]


def transformer(event_shape: tuple[int, int, int], **config: object) -> TransformerFlow:
    """An initialised transformer flow in float64 with non-trivial weights."""
    sizes = {"blocks": 4, "depth": 1, "width": 8, "heads": 2, **config}
    return trained(TransformerFlow(event_shape, TransformerConfig(**sizes)))  # type: ignore[arg-type]


class PlainFlow(Flow):
    """A flow of the curvature tests behind the base class's own checks, prior and samples."""

    def __init__(self, flow: ClosedFormFlow) -> None:
        super().__init__(flow.event_shape, GaussianPrior(scale=flow.prior_scale, dtype=torch.float64))
        self.flow = flow

    @property
    def is_constant_log_det(self) -> bool:
        return True

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        self.require_events(x)
        return self.flow(x)

    def inverse(self, z: Tensor) -> Tensor:
        self.require_latents(z)
        return self.flow.inverse(z)


@dataclass(frozen=True)
class Case:
    name: str
    make: Callable[[], Flow]


CASES = [
    Case("linear-vector", lambda: PlainFlow(LinearFlow.random((5,), seeded(3), prior_scale=1.3))),
    Case("linear-image", lambda: PlainFlow(LinearFlow.random((2, 3, 2), seeded(4)))),
    Case("mixing", lambda: PlainFlow(MixingFlow.random((3, 2, 4), 4, seeded(5), prior_scale=0.7))),
    *(
        Case(f"coupling-{activation}", lambda a=activation: PlainFlow(CouplingFlow.random((5,), 7, seeded(6), a, 1.2)))
        for activation in ("silu", "softplus", "tanh")
    ),
    Case("coupling-image", lambda: PlainFlow(CouplingFlow.random((2, 2, 2), 5, seeded(7)))),
    *(
        Case(f"glow-{activation}", lambda a=activation: glow((1, 4, 4), activation=a, levels=2))
        for activation in SMOOTH_ACTIVATIONS
    ),
    Case("glow-colour", lambda: glow((3, 4, 4), levels=1)),
    Case("glow-oblong-two-levels", lambda: glow((3, 4, 8), levels=2, steps=1)),
    Case("glow-learned-prior", lambda: glow((2, 4, 4), levels=2, learn_prior_scale=True)),
    Case("glow-affine", lambda: glow((1, 4, 4), levels=2, coupling="affine")),
    Case("realnvp", lambda: realnvp((1, 4, 4))),
    Case("realnvp-channel", lambda: realnvp((1, 4, 4), mask="channel", learn_prior_scale=True)),
    Case("realnvp-horizontal", lambda: realnvp((2, 4, 2), mask="horizontal", levels=1)),
    Case("realnvp-cycle", lambda: realnvp((1, 4, 4), mask="cycle", coupling="additive", levels=1, couplings=4)),
    Case("transformer-coupling", lambda: transformer((1, 4, 6), block="coupling")),
    Case("transformer-causal", lambda: transformer((1, 4, 4), depth=2)),
    Case("transformer-coupling-additive", lambda: transformer((2, 4, 4), update="additive", block="coupling")),
    Case("transformer-causal-additive", lambda: transformer((1, 4, 4), update="additive")),
    Case("nice", lambda: nice((1, 3, 3))),
]
