"""NICE: additive couplings between the even and the odd pixels of a flattened image (Dinh et al. 2015).

The volume is constant: couplings have log-determinant zero, and the scales of the last layer do not depend on x
(docs/theory.md, eq. 5).
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from curvature.errors import NonFiniteError
from experiments.models.activations import make_activation
from experiments.models.actnorm import MINIMUM_STD
from experiments.models.coupling_network import initialised
from experiments.models.families.nice.config import NICEConfig, PriorName, partition
from experiments.models.families.nice.logistic_prior import LogisticPrior
from experiments.models.flow import Flow
from experiments.models.prior import GaussianPrior, Prior

PRIORS: dict[PriorName, Callable[[], Prior]] = {"gaussian": GaussianPrior, "logistic": LogisticPrior}


class NICE(Flow):
    """Non-linear independent components estimation (Dinh et al. 2015, arXiv 1410.8516).

    ``z = exp(s) (h - b)``, with the output `h` of the couplings. The published model has no shift `b`; here
    `initialise` sets `s` and `b` so that the latents of a batch have zero mean and unit variance, as actnorm does.

    Parameters
    ----------
    event_shape : tuple of int
        (C, H, W) of one image.
    config : NICEConfig
        Sizes and choices.
    seed : int
        Of the initial weights; torch's global random state is left alone.

    Raises
    ------
    ShapeError
        The image is a single number.
    """

    is_constant_log_det = True
    initialised: Bool[Tensor, ""]

    def __init__(self, event_shape: tuple[int, int, int], config: NICEConfig, seed: int = 0) -> None:
        super().__init__(event_shape, PRIORS[config.prior]())
        self.config = config
        generator = torch.Generator().manual_seed(seed)
        even, odd = self.partition = partition(event_shape)
        ways = [(even, odd), (odd, even)]
        self.networks = nn.ModuleList(
            _dense_network(*ways[index % 2], config, generator) for index in range(config.couplings)
        )
        self.log_scale = nn.Parameter(torch.zeros(self.dim))
        self.shift = nn.Parameter(torch.zeros(self.dim))
        self.register_buffer("initialised", torch.tensor(False))

    def forward(self, x: Float[Tensor, "B C H W"]) -> tuple[Float[Tensor, " B D"], Float[Tensor, " B"]]:
        """Return the latents, those of even pixels first, and `log|det df/dx| = sum_i s_i` in nats."""
        z = (self._coupled(x) - self.shift) * self.log_scale.exp()
        return z, self.log_scale.sum().expand(len(x))

    def inverse(self, z: Float[Tensor, " B D"]) -> Float[Tensor, "B C H W"]:
        """Return the images whose latents are `z`."""
        self.require_latents(z)
        halves = list((z * (-self.log_scale).exp() + self.shift).split(self.partition, dim=1))
        for index, network in reversed(list(enumerate(self.networks))):
            read, changed = index % 2, 1 - index % 2
            halves[changed] = halves[changed] - network(halves[read])
        place = torch.arange(self.dim, device=z.device)
        interleaved = torch.cat(halves, 1)[:, place // 2 + self.partition[0] * (place % 2)]
        return interleaved.reshape(-1, *self.event_shape)

    @torch.no_grad()
    def initialise(self, x: Float[Tensor, "B C H W"]) -> None:
        """Set shift and scale so that the latents of the batch `x` have zero mean and unit variance.

        Raises
        ------
        NonFiniteError
            `x` holds NaN or infinity.
        """
        if not torch.isfinite(x).all():
            raise NonFiniteError("The batch to initialise NICE from holds NaN or infinity; check the images.")
        std, mean = torch.std_mean(self._coupled(x), dim=0, correction=0)
        self.log_scale.copy_(-std.clamp_min(MINIMUM_STD).log())
        self.shift.copy_(mean)
        self.initialised.fill_(True)

    def _coupled(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, " B D"]:
        """Apply the couplings; even pixels first."""
        self.require_events(x)
        flat = x.flatten(1)
        halves = [flat[:, ::2], flat[:, 1::2]]
        for index, network in enumerate(self.networks):
            read, changed = index % 2, 1 - index % 2
            halves[changed] = halves[changed] + network(halves[read])
        return torch.cat(halves, 1)


def _dense_network(read: int, changed: int, config: NICEConfig, generator: torch.Generator) -> nn.Sequential:
    """Build a coupling's network; its last layer starts at zero, the others with He-normal weights."""
    layers: list[nn.Module] = []
    width_in = read
    for _ in range(config.depth):
        layers += [_linear(width_in, config.width, generator), make_activation(config.activation)]
        width_in = config.width
    return nn.Sequential(*layers, _linear(width_in, changed, None))


def _linear(features_in: int, features_out: int, generator: torch.Generator | None) -> nn.Linear:
    # skip_init: the constructor would draw from torch's global random state.
    return initialised(nn.utils.skip_init(nn.Linear, features_in, features_out), generator)
