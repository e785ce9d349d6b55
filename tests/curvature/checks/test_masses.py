"""Checks of models whose log p is that of a probability mass of 8-bit images, or an estimate."""

import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from curvature.checks import Status, checks
from curvature.checks.engine.running import run_check
from curvature.checks.engine.subject import Subject
from tests.curvature.checks.models import dequantised_pixels

LEVELS = (torch.arange(256, dtype=torch.float64) + 0.5) / 256
KINDS = ("bits-per-dim", "entropy-bound", "integrates-to-one", "stein")


class LogisticPixels(nn.Module):
    """Two pixels, the mean of the second at the first one: the masses of the 256 cells of a logistic distribution."""

    representation = SimpleNamespace(cells="centre", bits=0)
    scale = 0.1

    def __init__(self) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.tensor(0.4))
        self.eval()

    def log_masses(self, x, mean):
        def cdf(edge):
            return torch.sigmoid((edge - mean) / self.scale)

        half = 1 / 512
        return torch.log((cdf(x + half) - cdf(x - half)) / (cdf(torch.ones_like(x)) - cdf(torch.zeros_like(x))))

    def log_prob(self, x):
        return self.log_masses(x[:, 0], self.mean) + self.log_masses(x[:, 1], x[:, 0])

    def sample(self, n, generator):
        x = torch.zeros(n, 2, dtype=torch.float64)
        levels = LEVELS.expand(n, 256)
        for pixel in range(2):
            mean = x[:, :1] if pixel else self.mean
            masses = self.log_masses(levels, mean).exp().detach()
            x[:, pixel] = LEVELS[torch.multinomial(masses, 1, generator=generator)[:, 0]]
        return x.to(self.mean)


class OfACell(LogisticPixels):
    """The density on [0, 1] in place of the mass: 8 bits too much for each pixel."""

    def log_prob(self, x):
        return super().log_prob(x) + 2 * math.log(256)


class WithoutAConstant(LogisticPixels):
    def log_prob(self, x):
        return super().log_prob(x) - 1.5


class Estimated(LogisticPixels):
    def log_prob_standard_error(self, x):
        return torch.zeros(len(x))


def results(model, *names):
    subject = Subject.of(model, dequantised_pixels(), fast=True)
    return {check.name: run_check(check, subject) for check in checks() if not names or check.name in names}


def test_no_check_fails_on_a_right_mass():
    found = results(LogisticPixels(), *KINDS, "sample-entropy", "gaussian-covariance", "latent-norm", "hessian-routes")
    assert {result.status for result in found.values()} == {Status.PASSED, Status.SKIPPED}
    assert all(found[name].status is Status.PASSED for name in KINDS[:3])
    assert "log p is that of a probability mass" in found["stein"].reason


@pytest.mark.parametrize(
    ("model", "failing"),
    [(OfACell, {"bits-per-dim", "integrates-to-one"}), (WithoutAConstant, {"entropy-bound", "integrates-to-one"})],
)
def test_a_mass_with_a_wrong_constant_fails(model, failing):
    found = results(model(), *KINDS)
    assert {name for name, result in found.items() if result.status is Status.FAILED} == failing


def test_what_holds_of_samples_is_not_asked_of_an_estimate():
    found = results(Estimated(), *KINDS)
    assert found["bits-per-dim"].status is Status.PASSED
    for name in KINDS[1:]:
        assert "log p is an estimate" in found[name].reason
