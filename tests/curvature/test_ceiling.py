"""The ceiling of constant-volume flows, against latents taken with the flow's own forward."""

import math

import pytest
import torch
from torch import nn

from curvature import curvature_ladder, expand
from curvature.ceiling import Ceiling, highest_log_prob
from curvature.not_applicable import NotApplicableError
from tests.curvature.densities import randn
from tests.curvature.toy_flows import LinearFlow


class Promising(LinearFlow):
    is_constant_log_det = True


class Shear(nn.Module):
    """``z = (x1, x2 + 3 tanh x1)``."""

    is_constant_log_det, prior_scale = True, 1.0

    def __init__(self):
        super().__init__()
        self.eval()

    def forward(self, x):
        return torch.stack([x[:, 0], x[:, 1] + 3 * x[:, 0].tanh()], 1), x.new_zeros(len(x))

    def log_prob(self, x):
        return -self(x)[0].square().sum(1) / 2 - math.log(2 * math.pi)


class BreakingItsPromise(Promising):
    def log_prob(self, x):
        return super().log_prob(x) + x.flatten(1).sum(1)


def flow(kind=Promising, dim=6, sigma=0.7):
    return kind.random((dim,), torch.Generator().manual_seed(0), prior_scale=sigma).eval()


def test_it_is_the_mean_square_of_the_latents_of_the_same_images():
    model, q, p = flow(), 0.3 * randn(30, 6, seed=1), randn(40, 6, seed=2)
    ladder = curvature_ladder(model, q, p, rungs=["taylor2"])
    energies = {
        n: model(x)[0].detach().square().sum(1) / (2 * 0.7**2 * 6 * math.log(2)) for n, x in (("q", q), ("p", p))
    }
    assert ladder.ceiling.bits_per_dim == pytest.approx(float(energies["p"].mean()))
    assert ladder.ceiling.standard_error == pytest.approx(float(energies["p"].std()) / math.sqrt(40))
    assert ladder.measured.bits_per_dim == pytest.approx(float(energies["q"].mean() - energies["p"].mean()))
    assert ladder.measured.bits_per_dim >= -ladder.ceiling.bits_per_dim
    assert f"{ladder.ceiling.share(ladder.measured.bits_per_dim):.0%} of it" in str(ladder)


def test_the_mode_reaches_all_of_it():
    model = flow()
    mode = model.mean().detach()
    ladder = curvature_ladder(model, mode.expand(3, 6), randn(40, 6, seed=2), rungs=["taylor2"])
    assert ladder.ceiling.share(ladder.measured.bits_per_dim) == pytest.approx(1)


def test_on_the_models_own_samples_it_is_that_of_a_fitted_scale():
    """``E|z|^2 = sigma^2 D`` gives 1 / (2 ln 2)."""
    model = flow()
    samples = model.sample(4000, torch.Generator().manual_seed(3))
    ceiling = curvature_ladder(model, samples[:9], samples, rungs=["taylor2"]).ceiling
    assert abs(ceiling.bits_per_dim - 1 / (2 * math.log(2))) < 4 * ceiling.standard_error


def test_a_prediction_beyond_it_is_called_impossible():
    """Curvature at zero, where the shift is steep, is that of no data: they lie where it is flat."""
    p, zero = 3 * randn(200, 2, seed=2), torch.zeros(5, 2).double()
    ladder = curvature_ladder(Shear(), zero, p, at=zero[0], rungs=["gradient", "taylor2", "path-3"])
    assert ladder["taylor2"].bits_per_dim < -ladder.ceiling.bits_per_dim
    assert ladder.ceiling.share(ladder.measured.bits_per_dim) == pytest.approx(1)
    assert "beyond the ceiling, so impossible: taylor2\n" in f"{ladder}\n"
    other_way = curvature_ladder(Shear(), p, zero + 1e-3 * randn(5, 2, seed=0), at=zero[0], rungs=["taylor2"])
    assert "impossible" not in str(other_way)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (flow(LinearFlow), "does not say whether its log-determinant is constant"),
        (flow(BreakingItsPromise), "differs between images"),
        (flow().log_prob, None),
        (lambda x: -x.square().sum(1), "log_prob is not the method log_prob of a module"),
    ],
)
def test_other_models_have_none_and_the_ladder_says_why(model, reason):
    ladder = curvature_ladder(model, randn(5, 6, seed=0), 2 * randn(5, 6, seed=1), rungs=["taylor2"])
    assert (ladder.ceiling is None) == (reason is not None)
    if reason is not None:
        assert reason in ladder.no_ceiling
        assert f"no ceiling: {ladder.no_ceiling}" in str(ladder)
        with pytest.raises(NotApplicableError, match=reason):
            highest_log_prob(expand(model, torch.zeros(6)), randn(2, 6, seed=0))


def test_a_single_image_has_no_standard_error():
    assert math.isnan(Ceiling.of(torch.ones(1), 4).standard_error)
