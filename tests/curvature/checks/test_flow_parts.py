"""What a model offers beside log_prob: what counts, and why something does not."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from curvature.checks import checks
from curvature.checks.engine.running import run_check
from curvature.checks.engine.subject import Subject
from curvature.errors import RouteError
from tests.curvature.checks.models import RightFlow, dequantised_pixels
from tests.curvature.toy_flows import LinearFlow


def reasons(flow, *names):
    subject = Subject.of(flow, dequantised_pixels(), fast=True)
    return [str(run_check(check, subject)) for check in checks() if check.name in names]


def skipped(flow, name):
    (result,) = reasons(flow, name)
    assert result.startswith(f"{name}: skipped: "), result
    return result


class ForwardIsLogProb(RightFlow):
    def log_prob(self, x):
        return RightFlow.log_prob(RightFlow().to(x), x)

    def forward(self, x):
        return self.log_prob(x)


class LatentsOfAnotherSize(RightFlow):
    def log_prob(self, x):
        return RightFlow.log_prob(RightFlow().to(x), x)

    def forward(self, x):
        z, log_det = super().forward(x)
        return z[:, :1], log_det


class InverseOfAnotherShape(RightFlow):
    def inverse(self, z):
        return super().inverse(z)[:, None]


class InverseWithLogDet(RightFlow):
    def inverse(self, z):
        return super().inverse(z), z.sum(1)


class SamplesWithLogProb(RightFlow):
    def sample(self, n, generator):
        x = super().sample(n, generator)
        return x, self.log_prob(x)


class SamplesFromTheGlobalGenerator(RightFlow):
    def sample(self, n):
        return super().sample(n, torch.default_generator)


class NoPrior(RightFlow):
    prior = None


class PriorOfTwoScales(RightFlow):
    prior = SimpleNamespace(scale=torch.tensor([1.0, 2.0]))


class CentredElsewhere(RightFlow):
    prior = SimpleNamespace(scale=torch.ones(2), loc=torch.ones(2))


class CannotDescribeItself(NoPrior):
    def curvature_layers(self):
        raise RouteError("levels.0: no description")


class PromisesNothing(RightFlow):
    is_constant_log_det = None


class PromisesByMethod(RightFlow):
    def is_constant_log_det(self):
        return True


@pytest.mark.parametrize(
    ("model", "name", "words"),
    [
        (ForwardIsLogProb, "log-determinant", "forward does not return a pair of tensors (z, log_det)"),
        (LatentsOfAnotherSize, "inverse-round-trip", "expected z with 2 entries a sample and log_det [1], got (1, 1)"),
        (InverseOfAnotherShape, "inverse-round-trip", "inverse: expected events (1, 2), got (1, 1, 2)"),
        (InverseWithLogDet, "inverse-round-trip", "inverse: expected events (1, 2), got tuple"),
        (SamplesWithLogProb, "stein", "expected events (256, 2), got tuple"),
        (NoPrior, "change-of-variables", "does not say sigma of its prior"),
        (PriorOfTwoScales, "latent-norm", "the prior is not N(0, sigma^2) with one sigma"),
        (CentredElsewhere, "latent-norm", "the prior is not N(0, sigma^2) with one sigma"),
        (CannotDescribeItself, "latent-norm", "levels.0: no description"),
        (PromisesNothing, "ceiling", "does not say whether its log-determinant is constant"),
    ],
)
def test_what_does_not_count_is_said(model, name, words):
    assert words in skipped(model(), name)


def test_a_promise_may_be_a_method_and_samples_may_come_from_the_global_generator():
    assert reasons(PromisesByMethod(), "ceiling") == ["ceiling: passed: 4 cases"]
    torch.manual_seed(3)
    before = torch.get_rng_state()
    assert reasons(SamplesFromTheGlobalGenerator(), "stein") == ["stein: passed: 1 case"]
    assert torch.equal(torch.get_rng_state(), before)


def test_sigma_is_taken_from_the_description_of_the_layers():
    class Described(LinearFlow):
        prior_scale = None

        def __init__(self):
            nn.Module.__init__(self)
            right = LinearFlow.random((2,), torch.Generator().manual_seed(0), prior_scale=0.5)
            self.inner = right.eval()
            self.event_shape, self.dim = (2,), 2

        def log_prob(self, x):
            return self.inner.log_prob(x)

        def forward(self, x):
            return self.inner(x)

        def curvature_layers(self):
            return self.inner.curvature_layers()

    assert reasons(Described().eval(), "change-of-variables") == ["change-of-variables: passed: 4 cases"]


@pytest.mark.filterwarnings("ignore::curvature.errors.ModelWarning")
def test_a_log_prob_that_is_linear_has_no_curvature():
    linear = lambda x: x.sum(1)  # noqa: E731
    passed = reasons(linear, "hessian-vector-products", "hessian-routes", "trace-routes", "smoothness")
    assert all(": passed: " in result for result in passed), passed
    assert "not that of a Gaussian: H is not negative definite" in skipped(linear, "gaussian-identities")


def test_one_event_says_nothing_of_where_a_density_lies():
    subject = Subject.of(lambda x: -x.square().sum(1), torch.zeros(1, 2).double())
    (check,) = (check for check in checks() if check.name == "integrates-to-one")
    assert "one event says nothing" in run_check(check, subject).reason
