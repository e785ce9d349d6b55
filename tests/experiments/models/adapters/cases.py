"""Models of other libraries, each trained for a few steps, beside the library's own log p in double precision.

A library that is not installed skips its tests, with the reason.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

DIM = 6
STEPS = 20


@dataclass(frozen=True)
class Case:
    """A model as its library makes it.

    `log_prob` is the library's own way to evaluate a model, `context` what it is conditioned on.
    """

    name: str
    library: str
    make: Callable[[], Any]
    log_prob: Callable[[Any, Tensor], Tensor]
    context: Any = None
    has_latents: bool = True

    def trained(self) -> Any:
        """The model after a few steps on correlated Gaussian data, in evaluation mode."""
        pytest.importorskip(self.library, reason=f"{self.library} is not installed")
        torch.manual_seed(0)
        np.random.seed(0)  # noqa: NPY002 FrEIA draws its permutations from NumPy's global generator
        model = self.make()
        parameters = list(parameters_of(model))
        optimizer = torch.optim.Adam(parameters, lr=3e-3) if parameters else None
        for _ in range(STEPS if optimizer else 0):
            optimizer.zero_grad()
            (-self.log_prob(model, data(64).float()).mean()).backward()
            optimizer.step()
        return model.eval() if isinstance(model, nn.Module) else model

    def reference(self, model: Any) -> Callable[[Tensor], Tensor]:
        """The library's log p of a double-precision copy of a trained module."""
        double = copy.deepcopy(model).double().requires_grad_(False)
        return lambda x: self.log_prob(double, x)


def data(n: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.eye(DIM, dtype=torch.float64) + 0.5 * torch.ones(DIM, DIM, dtype=torch.float64).tril(-1) / DIM
    return 0.5 + 0.4 * torch.randn(n, DIM, generator=generator, dtype=torch.float64) @ mixing.T


def parameters_of(model: Any) -> Any:
    """Parameters of a module, or of the modules among a distribution's transforms."""
    if isinstance(model, nn.Module):
        return model.parameters()
    transforms = getattr(model, "transforms", [])
    return [p for each in transforms if isinstance(each, nn.Module) for p in each.parameters()]


def zuko_flow(name: str, *arguments: Any, **settings: Any) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        import zuko

        return getattr(zuko.flows, name)(DIM, *arguments, transforms=2, hidden_features=(16,), **settings)

    return make


def zuko_additive() -> nn.Module:
    import zuko

    additive = {"univariate": zuko.transforms.AdditiveTransform, "shapes": [()]}
    return zuko.flows.NICE(DIM, transforms=2, hidden_features=(16,), activation=nn.SiLU, **additive)


def zuko_mixture() -> nn.Module:
    import zuko

    return zuko.mixtures.GMM(DIM, components=3)


def nflows_real_nvp(**settings: Any) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        from nflows.flows.realnvp import SimpleRealNVP

        return SimpleRealNVP(DIM, 16, 2, 1, **settings)

    return make


def nflows_spline() -> nn.Module:
    from nflows import distributions, flows, transforms
    from nflows.nn import nets

    def network(into: int, out: int) -> nn.Module:
        return nets.ResidualNet(into, out, 16, num_blocks=1)

    coupling = transforms.PiecewiseRationalQuadraticCouplingTransform([0, 1] * (DIM // 2), network, tails="linear")
    steps = [transforms.ActNorm(DIM), coupling, transforms.RandomPermutation(DIM)]
    return flows.Flow(transforms.CompositeTransform(steps), distributions.StandardNormal([DIM]))


def nflows_conditional() -> nn.Module:
    from nflows import distributions, flows, transforms

    made = transforms.MaskedAffineAutoregressiveTransform(DIM, 16, context_features=2, num_blocks=1)
    return flows.Flow(made, distributions.StandardNormal([DIM]))


def nflows_contexts(count: int, dtype: torch.dtype) -> Tensor:
    return CONTEXT.to(dtype).expand(count, 2)


def normflows_real_nvp() -> nn.Module:
    import normflows

    steps: list[nn.Module] = [normflows.flows.ActNorm(DIM)]
    for _ in range(2):
        network = normflows.nets.MLP([DIM // 2, 16, DIM], init_zeros=False)
        steps += [normflows.flows.AffineCouplingBlock(network), normflows.flows.Permute(DIM, mode="swap")]
    return normflows.NormalizingFlow(normflows.distributions.DiagGaussian(DIM), steps)


def normflows_additive() -> nn.Module:
    import normflows

    steps: list[nn.Module] = []
    for mode in ("swap", "shuffle"):
        network = normflows.nets.MLP([DIM // 2, 16, DIM // 2], leaky=0.3, init_zeros=False)
        block = normflows.flows.AffineCouplingBlock(network, scale=False)
        steps += [block, normflows.flows.Permute(DIM, mode=mode)]
    return normflows.NormalizingFlow(normflows.distributions.DiagGaussian(DIM, trainable=False), steps)


def normflows_glow() -> nn.Module:
    """A multi-scale Glow with a class-conditional prior on 1 x 4 x 4 images, untrained but for its initialisation."""
    import normflows

    flows, merges, priors = [], [], []
    for level, (channels, size) in enumerate([(8, 1), (2, 2)]):
        block = normflows.flows.GlowBlock(channels * (1 + level), 8, split_mode="channel", scale=True, use_lu=False)
        flows.append([block, normflows.flows.Squeeze()])
        if level:
            merges.append(normflows.flows.Merge())
        shape = (channels, size, size)
        priors.append(normflows.distributions.ClassCondDiagGaussian(shape, 3))
    return normflows.MultiscaleFlow(priors, flows, merges)


def freia_subnet(into: int, out: int) -> nn.Module:
    return nn.Sequential(nn.Linear(into, 16), nn.SiLU(), nn.Linear(16, out))


def freia_sequence() -> nn.Module:
    from FrEIA import framework, modules

    network = framework.SequenceINN(DIM)
    for _ in range(2):
        network.append(modules.AllInOneBlock, subnet_constructor=freia_subnet)
    return network


def freia_nice() -> nn.Module:
    from FrEIA import framework, modules

    network = framework.SequenceINN(DIM)
    for seed in range(2):
        network.append(modules.NICECouplingBlock, subnet_constructor=freia_subnet, split_len=2)
        network.append(modules.PermuteRandom, seed=seed)
    return network


def freia_graph() -> nn.Module:
    """NICE whose output is split in two: FrEIA returns a tuple of latents."""
    from FrEIA import framework, modules

    nodes = [framework.InputNode(DIM)]
    for seed in range(2):
        settings = {"subnet_constructor": freia_subnet}
        nodes.append(framework.Node(nodes[-1], modules.NICECouplingBlock, settings))
        nodes.append(framework.Node(nodes[-1], modules.PermuteRandom, {"seed": seed}))
    split = framework.Node(nodes[-1], modules.Split, {})
    ends = [framework.OutputNode(split.out0), framework.OutputNode(split.out1)]
    return framework.GraphINN([*nodes, split, *ends])


def freia_conditional() -> nn.Module:
    from FrEIA import framework, modules

    network = framework.SequenceINN(DIM)
    network.append(modules.AllInOneBlock, cond=0, cond_shape=(2,), subnet_constructor=freia_subnet)
    return network


def freia_log_prob(network: Any, x: Tensor) -> Tensor:
    conditions = [nflows_contexts(len(x), x.dtype)] if getattr(network, "conditions", None) == [0] else None
    z, log_det = network(x, c=conditions)
    parts = z if isinstance(z, tuple) else (z,)
    normal = torch.distributions.Normal(0.0, 1.0)
    return log_det + sum(normal.log_prob(part).flatten(1).sum(1) for part in parts)


def pyro_flow(name: str, **settings: Any) -> Callable[[], Any]:
    def make() -> Any:
        from pyro import distributions
        from pyro.distributions import transforms

        base = distributions.Normal(torch.zeros(DIM), torch.ones(DIM)).to_event(1)
        learned = getattr(transforms, name)(DIM, hidden_dims=[16], **settings)
        return distributions.TransformedDistribution(base, [learned, transforms.permute(DIM)])

    return make


CONTEXT = torch.tensor([0.3, -0.7])


def zuko_log_prob(flow: Any, x: Tensor) -> Tensor:
    return flow().log_prob(x)


def own_log_prob(model: Any, x: Tensor) -> Tensor:
    return model.log_prob(x)


CASES = [
    Case("zuko additive NICE", "zuko", zuko_additive, zuko_log_prob),
    Case("zuko NICE", "zuko", zuko_flow("NICE"), zuko_log_prob),
    Case("zuko MAF", "zuko", zuko_flow("MAF"), zuko_log_prob),
    Case("zuko NSF", "zuko", zuko_flow("NSF"), zuko_log_prob),
    Case("zuko mixture", "zuko", zuko_mixture, zuko_log_prob, has_latents=False),
    Case("zuko conditional", "zuko", zuko_flow("MAF", 2), lambda f, x: f(CONTEXT.to(x.dtype)).log_prob(x), CONTEXT),
    Case("nflows RealNVP", "nflows", nflows_real_nvp(), own_log_prob),
    Case("nflows NICE", "nflows", nflows_real_nvp(use_volume_preserving=True), own_log_prob),
    Case("nflows spline", "nflows", nflows_spline, own_log_prob),
    Case(
        "nflows conditional",
        "nflows",
        nflows_conditional,
        lambda f, x: f.log_prob(x, nflows_contexts(len(x), x.dtype)),
        CONTEXT,
    ),
    Case("normflows RealNVP", "normflows", normflows_real_nvp, own_log_prob),
    Case("normflows additive", "normflows", normflows_additive, own_log_prob),
    Case("FrEIA NICE", "FrEIA", freia_nice, freia_log_prob),
    Case("FrEIA sequence", "FrEIA", freia_sequence, freia_log_prob),
    Case("FrEIA graph", "FrEIA", freia_graph, freia_log_prob),
    Case("FrEIA conditional", "FrEIA", freia_conditional, freia_log_prob, CONTEXT),
]
