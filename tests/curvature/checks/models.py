"""Small flows on the plane that keep every promise, and one wrong in exactly one way for every check."""

import math
from collections.abc import Callable
from types import SimpleNamespace

import torch
from torch import Tensor, nn

from curvature.checks import Jitter

MEAN, SIGMA = 0.5, 1.25


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class RightFlow(nn.Module):
    """``z = s (A x' + b)`` with ``x' = x - 1/2``, ``z2`` shifted by tanh of ``z1``: two pixels in [0, 1], float32."""

    event_shape = (2,)

    def __init__(self) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor([2.2, 1.9]))
        self.mixing = nn.Parameter(torch.tensor([[1.0, 0.5], [-0.25, 1.0]]))
        self.bend = nn.Parameter(torch.tensor([0.8, 1.5]))
        self.register_buffer("sigma", torch.tensor(SIGMA))
        self.eval()

    @property
    def is_constant_log_det(self) -> bool:
        return True

    @property
    def prior(self) -> SimpleNamespace:
        return SimpleNamespace(scale=self.sigma)

    def shift(self, u: Tensor) -> Tensor:
        return self.bend[0] * torch.tanh(self.bend[1] * u)

    def log_det(self, x: Tensor) -> Tensor:
        return (torch.linalg.slogdet(self.mixing).logabsdet + self.log_scale.sum()).expand(len(x))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        u = ((x - MEAN) @ self.mixing.T) * self.log_scale.exp()
        return torch.stack([u[:, 0], u[:, 1] + self.shift(u[:, 0])], 1), self.log_det(x)

    def inverse(self, z: Tensor) -> Tensor:
        u = torch.stack([z[:, 0], z[:, 1] - self.shift(z[:, 0])], 1)
        return torch.linalg.solve(self.mixing, (u * (-self.log_scale).exp()).T).T + MEAN

    def log_prior(self, z: Tensor) -> Tensor:
        return -0.5 * (z / self.sigma).square().sum(1) - 2 * torch.log(self.sigma * math.sqrt(2 * math.pi))

    def log_prob(self, x: Tensor) -> Tensor:
        z, log_det = self(x)
        return self.log_prior(z) + log_det

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        z = torch.randn(n, 2, generator=generator, dtype=torch.float64)
        return self.inverse(self.sigma * z.to(self.sigma))


class RightGaussian(RightFlow):
    """The same without the bend."""

    def shift(self, u: Tensor) -> Tensor:
        return 0 * u


class RightAffineFlow(RightFlow):
    """The same, scaled by a function of x: its log-determinant varies, and it does not promise otherwise."""

    @property
    def is_constant_log_det(self) -> bool:
        return False

    def log_scale_of(self, u: Tensor) -> Tensor:
        return 0.5 * torch.tanh(u)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z, log_det = super().forward(x)
        s = self.log_scale_of(z[:, 0])
        return torch.stack([z[:, 0], z[:, 1] * s.exp()], 1), log_det + s

    def inverse(self, z: Tensor) -> Tensor:
        s = self.log_scale_of(z[:, 0])
        return super().inverse(torch.stack([z[:, 0], z[:, 1] * (-s).exp()], 1))

    def log_prob_parts(self, x: Tensor) -> dict[str, Tensor]:
        z, log_det = self(x)
        return {"prior": self.log_prior(z), "log_det": log_det}


RIGHT = {"flow": RightFlow, "gaussian": RightGaussian, "affine": RightAffineFlow}


def dequantised_pixels(n: int = 12) -> Tensor:
    """Samples of the right flow as dequantised 8-bit pixels."""
    x = RightFlow().sample(n, seeded(7)).detach()
    x8 = (256 * x).floor().clamp(0, 255)
    return (x8 + torch.rand(x8.shape, generator=seeded(8))) / 256


# One for each check, named after it.


class InfiniteSomewhere(RightFlow):
    def log_prob(self, x):
        return torch.where(x[:, 0] > MEAN, super().log_prob(x), -torch.inf)


class ChangesItsInput(RightFlow):
    def forward(self, x):
        x -= 0.01
        return super().forward(x)


class Noisy(RightFlow):
    def log_prob(self, x):
        return super().log_prob(x) + 0.01 * torch.rand(())


class StatisticsOfTheBatch(RightFlow):
    def log_prob(self, x):
        return super().log_prob(x - 0.1 * (x - x.mean(0)))


class HalfPrecisionInFloat32(RightFlow):
    def log_prob(self, x):
        return super().log_prob(x.bfloat16().float() if x.dtype == torch.float32 else x)


class SinglePrecisionInFloat64(RightFlow):
    def log_prob(self, x):
        return super().log_prob(x.float().to(x.dtype))


class CountsItsCopies(RightFlow):
    copies = 0

    def __deepcopy__(self, memo):
        other = type(self)()
        other.to(self.sigma.dtype).load_state_dict(self.state_dict())
        other.copies = self.copies + 1
        return other

    def log_prob(self, x):
        return super().log_prob(x) + 0.01 * self.copies


class WeightOutsideTheStateDict(RightFlow):
    def __init__(self):
        super().__init__()
        self.offset = torch.tensor(0.1)

    def log_prob(self, x):
        return super().log_prob(x + self.offset)


class Dropout(RightFlow):
    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout(0.5)
        self.eval()

    def shift(self, u):
        return self.dropout(super().shift(u))


class DependsOnGradientMode(RightFlow):
    def log_prob(self, x):
        return super().log_prob(x) + (0.01 if torch.is_grad_enabled() else 0.0)


class BranchesOnValues(RightFlow):
    def log_prob(self, x):
        return super().log_prob(x) if float(x.abs().max()) < 1e6 else super().log_prob(0 * x)


class WrongInverse(RightFlow):
    def inverse(self, z):
        return super().inverse(torch.stack([z[:, 0], z[:, 1] + 2 * self.shift(z[:, 0])], 1))


class WrongSignOfLogDet(RightFlow):
    def log_det(self, x):
        return -super().log_det(x)


class LogDetOfOldWeights(RightFlow):
    """Right until the weights change."""

    def log_det(self, x):
        return x.new_tensor(2.2 + 1.9 + math.log(1.125)).expand(len(x))


class BrokenPromise(RightAffineFlow):
    @property
    def is_constant_log_det(self):
        return True


class SplitPrior(RightFlow):
    """Glow's: the location of the second latent is learned from the first."""

    def log_prior(self, z):
        return super().log_prior(torch.stack([z[:, 0], z[:, 1] - 0.5 * z[:, 0]], 1))


class ForgetsLogDet(RightFlow):
    def log_prob(self, x):
        return self.log_prior(self(x)[0])


class ForgetsAPart(RightAffineFlow):
    def log_prob_parts(self, x):
        return {"prior": self.log_prior(self(x)[0])}


class HalvesItsGradient(RightFlow):
    def log_prob(self, x):
        return super().log_prob(0.5 * x + 0.5 * x.detach())


class RoundsItsInput(RightFlow):
    def log_prob(self, x):
        return super().log_prob((16 * x).round() / 16)


class Kinked(RightFlow):
    def shift(self, u):
        return self.bend[0] * torch.relu(self.bend[1] * u)


class LosesItsSecondDerivative(RightFlow):
    """Value and gradient of -x^2, but a gradient that does not depend on x."""

    def log_prob(self, x):
        y = x.detach()
        return super().log_prob(x) - (2 * x * y - y * y).sum(1)


class HalfDetachedProduct(torch.autograd.Function):
    """A product whose second derivatives are not symmetric."""

    generate_vmap_rule = True

    @staticmethod
    def forward(a, b):
        return a * b

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved_tensors
        return g * b.detach(), g * a

    @staticmethod
    def jvp(ctx, da, db):
        a, b = ctx.saved_tensors
        return da * b + a * db


class AsymmetricHessian(RightFlow):
    def log_prob(self, x):
        return super().log_prob(x) - HalfDetachedProduct.apply(x[:, 0], x[:, 1])


class Twice(torch.autograd.Function):
    """``2 x`` whose forward derivative is right and whose reverse one is wrong."""

    generate_vmap_rule = True

    @staticmethod
    def forward(a):
        return 2 * a

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def backward(ctx, g):
        return 3 * g

    @staticmethod
    def jvp(ctx, da):
        return 2 * da


class Square(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(a):
        return a * a

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx, g):
        (a,) = ctx.saved_tensors
        return g * Twice.apply(a)

    @staticmethod
    def jvp(ctx, da):
        (a,) = ctx.saved_tensors
        return 2 * a * da


class RoutesDisagree(RightFlow):
    def log_prob(self, x):
        return super().log_prob(x) - Square.apply(x).sum(1)


class WrongConstant(RightFlow):
    def log_prob(self, x):
        return super().log_prob(x) + 0.5


class UnnormalisedGaussian(RightGaussian):
    def log_prob(self, x):
        return super().log_prob(x) + 0.5


class WideSamples(RightFlow):
    """A temperature forgotten in the sampler."""

    def sample(self, n, generator):
        return MEAN + 1.5 * (super().sample(n, generator) - MEAN)


class WideGaussianSamples(RightGaussian):
    def sample(self, n, generator):
        return MEAN + 1.5 * (super().sample(n, generator) - MEAN)


class BitsForNats(RightFlow):
    def log_prob(self, x):
        return super().log_prob(x) / (2 * math.log(2))


class Counts256Twice(RightFlow):
    def log_prob(self, x):
        return super().log_prob(x) + 2 * 2 * math.log(256)


class Forgets256(RightFlow):
    """The density per unit of 8-bit pixels, for pixels in [0, 1]."""

    def log_prob(self, x):
        return super().log_prob(x) - 2 * math.log(256)


class AboveTheCeiling(RightFlow):
    def log_prob(self, x):
        return super().log_prob(x) + 100 * (x - MEAN).square().sum(1)


def jittered(model: Callable[[], nn.Module]) -> nn.Module:
    """Weights as after some training."""
    return Jitter(size=1 / 8, seed=3).applied(model())


WRONG = [
    ("finite", InfiniteSomewhere),
    ("input-unchanged", ChangesItsInput),
    ("deterministic", Noisy),
    ("samples-independent", StatisticsOfTheBatch),
    ("float32-agrees", HalfPrecisionInFloat32),
    ("double-precision", SinglePrecisionInFloat64),
    ("deepcopy-round-trip", CountsItsCopies),
    ("state-dict-round-trip", WeightOutsideTheStateDict),
    ("evaluation-equals-training", Dropout),
    ("works-without-gradients", DependsOnGradientMode),
    ("works-under-vmap", BranchesOnValues),
    ("inverse-round-trip", WrongInverse),
    ("log-determinant", WrongSignOfLogDet),
    ("log-determinant", LogDetOfOldWeights),
    ("constant-log-determinant", BrokenPromise),
    ("constant-volume-prior", SplitPrior),
    ("change-of-variables", ForgetsLogDet),
    ("parts-add-up", ForgetsAPart),
    ("gradient-routes", HalvesItsGradient),
    ("gradient-integral", RoundsItsInput),
    ("smoothness", Kinked),
    ("hessian-vector-products", LosesItsSecondDerivative),
    ("hessian-routes", AsymmetricHessian),
    ("trace-routes", RoutesDisagree),
    ("gaussian-identities", UnnormalisedGaussian),
    ("gaussian-covariance", WideGaussianSamples),
    ("stein", WideSamples),
    ("stein", BitsForNats),
    ("latent-norm", WideSamples),
    ("sample-entropy", WrongConstant),
    ("integrates-to-one", WrongConstant),
    ("bits-per-dim", Counts256Twice),
    ("entropy-bound", Forgets256),
    ("ceiling", AboveTheCeiling),
]
