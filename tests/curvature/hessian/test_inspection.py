"""What is told of a log_prob at the first look: each mistake that would give wrong numbers or an obscure error."""

import functools
import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional

from curvature import Moments, expand, find_mode
from curvature.errors import (
    BatchMixingError,
    DtypeError,
    GradientError,
    ModelWarning,
    OptionError,
    ShapeError,
    StochasticError,
)
from tests.curvature.densities import CouplingFlow, Gaussian, randn, random_spd

DIM = 4


def normal(x):
    return -0.5 * x.square().flatten(1).sum(1)


class Net(nn.Module):
    """A smooth density of float32 weights."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(DIM, DIM)

    def log_prob(self, x):
        return normal(x + torch.tanh(self.layer(x)))


class Attention(Net):
    """Attention among the entries, by torch's fused kernel."""

    def __init__(self, own_kernel=False):
        super().__init__()
        self.own_kernel = own_kernel
        self.embed = nn.Linear(1, 8)

    def log_prob(self, x):
        h = self.embed(x[..., None])[:, None]
        if self.own_kernel:
            mixed = torch.softmax(h @ h.mT / 8**0.5, -1) @ h
        else:
            mixed = functional.scaled_dot_product_attention(h, h, h)
        return normal(x) + mixed.sin().sum((1, 2, 3))


class OldFunction(torch.autograd.Function):
    """An operation written before function transforms existed: they refuse it."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return 3 * x**2 * gradient


class NotMapped(torch.autograd.Function):
    """An operation with derivatives of both kinds and no rule for `vmap`."""

    @staticmethod
    def forward(x):
        return x**3

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx, gradient):
        return 3 * ctx.saved_tensors[0] ** 2 * gradient

    @staticmethod
    def jvp(ctx, tangent):
        return 3 * ctx.saved_tensors[0] ** 2 * tangent


def test_attention_is_differentiated_by_its_plain_kernel_and_the_route_says_so():
    x0 = randn(DIM, seed=1)
    fused, plain = Attention().eval(), Attention(own_kernel=True).eval()
    e, expected = expand(fused, at=x0), expand(plain, at=x0)
    torch.testing.assert_close(e.hessian(), expected.hessian(), rtol=1e-12, atol=1e-12)
    assert e.value == pytest.approx(expected.value, rel=1e-13)
    assert "attention by its plain kernel" in e.operator.route
    assert "attention by its plain kernel" in e.trace(Moments.from_samples(randn(9, DIM, seed=2)), "hvp").route
    assert "attention" not in expected.operator.route


def test_operations_that_function_transforms_refuse_are_differentiated_twice_in_reverse():
    def log_prob(x):
        return normal(x) - OldFunction.apply(x).square().sum(1)

    x0, v = randn(DIM, seed=1), randn(3, DIM, seed=2)
    e = expand(log_prob, at=x0)
    assert e.operator.route == "hvp (reverse-over-reverse)"
    exact = expand(lambda x: normal(x) - (x**3).square().sum(1), at=x0)
    torch.testing.assert_close(e.hessian(), exact.hessian(), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(e.gradient, exact.gradient, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(
        e.operator.along(x0.repeat(3, 1), v), exact.operator.along(x0.repeat(3, 1), v), rtol=1e-12, atol=1e-12
    )
    assert find_mode(log_prob, x0).point.abs().max() < 1e-5


def test_operations_that_cannot_be_mapped_are_repeated_for_every_tangent():
    x0 = randn(DIM, seed=1)
    e = expand(lambda x: normal(x) - NotMapped.apply(x).sum(1), at=x0)
    assert e.operator.route == "hvp (forward-over-reverse, batched)"
    torch.testing.assert_close(e.hessian(), torch.diag(-1 - 6 * x0), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("log_prob", "words"),
    [
        (lambda x: normal((x * 255).round() / 255), "rounds its input .round."),
        (lambda x: normal((x * 255).floor() / 255), "rounds its input .floor."),
        (lambda x: normal((x * 255).long().double() / 255), "no gradient"),
        (lambda x: normal(x + ((x * 255).round() / 255 - x).detach()), "its gradient is not that of its values"),
        (lambda x: normal(x) + (x.detach() ** 3).sum(1), "its gradient is not that of its values"),
    ],
    ids=["round", "floor", "cast to integers", "straight-through", "detach"],
)
def test_derivatives_that_are_not_those_of_log_p(log_prob, words):
    with pytest.raises((GradientError, OptionError), match=words):
        expand(log_prob, at=torch.full((DIM,), 0.3))


class Once(torch.autograd.Function):
    """An operation whose backward pass is constant to autograd, as where it runs a quadrature of its own."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return 3 * x.detach() ** 2 * gradient


def test_second_derivatives_that_are_not_those_of_the_gradient():
    with pytest.raises(GradientError, match="second derivatives are not those of its gradient"):
        expand(lambda x: normal(x) - Once.apply(x).sum(1), at=torch.full((DIM,), 0.3))


def test_a_gradient_that_is_right_passes_at_modes_kinks_and_edges():
    zero = torch.zeros(DIM, dtype=torch.float64)
    expand(normal, at=zero)
    expand(lambda x: -x.abs().sum(1), at=zero)
    expand(lambda x: normal(x) + x.floor().mul(0).sum(1), at=zero)
    expand(lambda x: torch.distributions.Beta(2.0, 2.0, validate_args=False).log_prob(x).sum(1), at=zero + 0.5)
    expand(lambda x: 1e9 * normal(x - 1e3), at=zero)
    expand(Gaussian(zero, 1e-8 * random_spd(DIM, 0)), at=zero)


def test_lower_precision_inside_is_told():
    with pytest.warns(ModelWarning, match="computes in float32 inside although its input is torch.float64"):
        expand(lambda x: normal(x.float()).double(), at=torch.full((DIM,), 0.3))


def test_bits_per_dim_are_told():
    flow = CouplingFlow((DIM,)).double()
    with pytest.warns(ModelWarning, match="looks like bits per dimension"):
        expand(lambda x: 8 - flow.log_prob(x) / (DIM * 0.693), at=torch.full((DIM,), 0.3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expand(lambda x: flow.log_prob(x) + 1000, at=torch.full((DIM,), 0.3))


def test_input_changed_in_place():
    with pytest.raises(OptionError, match=r"changes its input in place; write x = x.clone\(\) first"):
        expand(lambda x: normal(x.mul_(2)), at=torch.ones(DIM))


def test_noise_inside():
    with pytest.raises(StochasticError, match=r"two calls at the same x differ \(by .* nats\)"):
        expand(lambda x: normal(x + torch.randn_like(x)), at=torch.ones(DIM))
    with pytest.raises(BatchMixingError, match="depends on the other samples"):
        expand(lambda x: normal(x - 0.1 * x.mean(0)), at=torch.ones(DIM))


class Wrapper(nn.Module):
    def __init__(self, flow):
        super().__init__()
        self.flow = flow


class Forward(Net):
    log_prob = None

    def forward(self, x):
        return normal(x + torch.tanh(self.layer(x)))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.DataParallel(Net()), "DataParallel has no method log_prob.*: pass model.module"),
        (lambda: Wrapper(Net()), "its part Net has one: pass model.flow"),
        (lambda: Forward(), "if forward.x. returns log p in nats, pass model.forward"),
        (lambda: Net, "got the class Net"),
        (lambda: torch.jit.trace(Forward(), torch.zeros(2, DIM)), "TorchScript; pass the Python module"),
        (lambda: torch.distributions.Normal(0.0, 1.0), "Normal is a distribution.*adapt"),
    ],
    ids=["DataParallel", "wrapper", "forward", "class", "TorchScript", "distribution"],
)
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_objects_without_log_prob_are_told_what_to_pass(make, words):
    with pytest.raises(OptionError, match=words):
        expand(make(), at=torch.zeros(DIM))


def test_forward_can_be_passed():
    model, x0 = Forward().eval(), randn(DIM, seed=1)
    double = Forward().eval().double()
    expected = torch.func.hessian(lambda x: double(x[None])[0])(x0)
    torch.testing.assert_close(expand(model.forward, at=x0).hessian(), expected, rtol=1e-12, atol=1e-12)


def test_function_over_weights_of_another_precision_names_them():
    model = Net().eval()
    for log_prob in (lambda x: model.log_prob(x), functools.partial(lambda m, x: m.log_prob(x), model)):
        with pytest.raises(DtypeError, match="a function that holds float32 weights of Net; pass the module"):
            expand(log_prob, at=torch.zeros(DIM))


def test_results_of_another_shape():
    with pytest.raises(ShapeError, match=r"got shape \(1, 1\); return log_p.squeeze\(1\)"):
        expand(lambda x: normal(x)[:, None], at=torch.ones(DIM))
    with pytest.raises(ShapeError, match="sum over the entries of each event, not over the batch"):
        expand(lambda x: x.sum(), at=torch.ones(DIM))


def test_points_of_another_shape():
    model = Gaussian(torch.zeros(DIM, dtype=torch.float64), random_spd(DIM, 0))
    with pytest.raises(ShapeError, match=r"got a batch of 5 events of shape \(4,\); pass one event.*at=x.mean\(0\)"):
        expand(lambda x: model.log_prob(x) if x.ndim == 2 else x.square().sum(1), at=torch.ones(5, DIM))
    convolution = nn.Conv2d(3, 1, 3).double()
    with pytest.raises(OptionError, match=r"fails on a batch of shape \(1, 8, 8, 3\).*x.permute\(0, 3, 1, 2\)"):
        expand(lambda x: normal(convolution(x)), at=torch.zeros(8, 8, 3))
    e = expand(lambda x: normal(convolution(x)), at=torch.zeros(3, 8, 8))
    with pytest.raises(ShapeError, match=r"got \(8, 8, 3\); images with channels last\? Write x.permute\(0, 3, 1, 2\)"):
        e.trace(Moments.from_samples(randn(5, 8, 8, 3, seed=0)))


def test_argument_besides_x():
    class Conditional(Net):
        def log_prob(self, x, y):
            return normal(x - y)

    model = Conditional().eval()
    with pytest.raises(OptionError, match=r"asks for 'y' besides x; .*functools.partial\(model.log_prob, y=...\)"):
        expand(model, at=torch.zeros(DIM))
    assert expand(functools.partial(model.log_prob, y=torch.ones(DIM)), at=torch.zeros(DIM)).value == -DIM / 2
    with pytest.raises(OptionError, match=r"fails on a batch of shape \(1, 4\) \(AttributeError"):
        expand(functools.partial(lambda x, y: normal(x - y.float()), y=3), at=torch.zeros(DIM))


def test_samples_in_the_place_of_moments():
    e, x = expand(normal, at=torch.zeros(DIM)), randn(9, DIM, seed=0)
    p = Moments.from_samples(x)
    for ask in (
        lambda: e.predict(x, versus=p),
        lambda: e.predict(p, versus=x),
        lambda: e.trace(x),
        lambda: e.trace(p, versus=x),
    ):
        with pytest.raises(DtypeError, match=r"expected Moments, got Tensor; pass Moments.from_samples\("):
            ask()
